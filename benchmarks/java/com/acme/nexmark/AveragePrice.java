package com.acme.nexmark;

import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.tuple.Tuple2;
import org.anabranch.api.tuple.Tuple3;

/** Emits (category, average of its auctions' winning bids). */
public final class AveragePrice
    implements AggregateFunction<
        Tuple3<Long, Long, Long>, Tuple3<Long, Long, Long>, Tuple2<Long, Long>> {
  private static final long serialVersionUID = 1L;

  @Override
  public Tuple3<Long, Long, Long> createAccumulator() {
    return new Tuple3<>(0L, 0L, 0L);
  }

  @Override
  public Tuple3<Long, Long, Long> add(Tuple3<Long, Long, Long> rise, Tuple3<Long, Long, Long> so) {
    return new Tuple3<>(rise.f0(), so.f1() + rise.f1(), so.f2() + rise.f2());
  }

  @Override
  public Tuple2<Long, Long> getResult(Tuple3<Long, Long, Long> total) {
    return new Tuple2<>(total.f0(), total.f1() / total.f2());
  }

  @Override
  public Tuple3<Long, Long, Long> merge(Tuple3<Long, Long, Long> a, Tuple3<Long, Long, Long> b) {
    return new Tuple3<>(a.f0() == 0 ? b.f0() : a.f0(), a.f1() + b.f1(), a.f2() + b.f2());
  }
}
