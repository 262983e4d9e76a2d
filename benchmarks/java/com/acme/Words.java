package com.acme;

import org.anabranch.api.tuple.Tuple2;

/** The functions of word count. */
public final class Words {
  private Words() {}

  public static Tuple2<String, Long> pair(String word) {
    return new Tuple2<>(word, 1L);
  }

  public static String first(Tuple2<String, Long> count) {
    return count.f0();
  }

  public static Tuple2<String, Long> add(Tuple2<String, Long> old, Tuple2<String, Long> count) {
    return new Tuple2<>(old.f0(), old.f1() + count.f1());
  }
}
