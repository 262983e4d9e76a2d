package com.acme.shuffle;

import org.anabranch.api.tuple.Tuple2;

/** What is done with the pairs. */
public final class Pairs {
  private Pairs() {}

  /** Returns the key. */
  public static String key(Tuple2<String, Long> pair) {
    return pair.f0();
  }

  /** Returns the sum of two pairs of one key. */
  public static Tuple2<String, Long> add(Tuple2<String, Long> old, Tuple2<String, Long> pair) {
    return new Tuple2<>(old.f0(), old.f1() + pair.f1());
  }
}
