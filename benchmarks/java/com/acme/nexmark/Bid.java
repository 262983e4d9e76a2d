package com.acme.nexmark;

import com.acme.bench.Digest;
import com.acme.bench.Digestible;

/** An offer. */
public record Bid(long auction, long bidder, long price, long time) implements Digestible {

  @Override
  public long digest() {
    return Digest.of(auction, bidder, price, time);
  }
}
