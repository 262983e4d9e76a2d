package com.acme.nexmark;

import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.ProcessContext;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.tuple.Tuple3;
import org.anabranch.api.tuple.Tuple4;

/**
 * Emits (category, by how much the winning bid of an auction has risen, 1 if it is its first bid).
 *
 * <p>The state of an auction: (category, time, expires, winning price); before it is known: its
 * bids so far.
 */
public final class WinningBid implements ProcessFunction<Object, Tuple3<Long, Long, Long>> {
  private static final long serialVersionUID = 1L;

  @Override
  @SuppressWarnings("unchecked") // nobody else writes the state
  public void process(
      Object value, ProcessContext context, Collector<Tuple3<Long, Long, Long>> collector) {
    Object state = context.getState();
    Tuple4<Long, Long, Long, Long> open;
    List<Bid> bids;
    if (value instanceof Auction auction) {
      bids = state == null ? List.of() : (List<Bid>) state;
      open = new Tuple4<>(auction.category(), auction.time(), auction.expires(), 0L);
    } else if (state instanceof Tuple4) {
      bids = List.of((Bid) value);
      open = (Tuple4<Long, Long, Long, Long>) state;
    } else {
      List<Bid> waiting = state == null ? new ArrayList<>() : new ArrayList<>((List<Bid>) state);
      waiting.add((Bid) value);
      context.setState(waiting);
      return;
    }
    for (Bid bid : bids) {
      long price = open.f3();
      if (open.f1() <= bid.time() && bid.time() <= open.f2() && bid.price() > price) {
        open = new Tuple4<>(open.f0(), open.f1(), open.f2(), bid.price());
        collector.collect(new Tuple3<>(open.f0(), bid.price() - price, price == 0 ? 1L : 0L));
      }
    }
    context.setState(open);
  }
}
