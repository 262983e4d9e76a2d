package com.acme;

import org.anabranch.api.function.MapFunction;

/** Adds a fee per share to the price of a trade. */
public final class AddFee implements MapFunction<Trade, Trade> {
  private final long fee;

  /** @param fee in cents */
  public AddFee(long fee) {
    this.fee = fee;
  }

  @Override
  public Trade map(Trade trade) {
    return trade.toBuilder().setPrice(trade.getPrice() + fee).addNotes("fee " + fee).build();
  }
}
