package com.acme;

import java.util.StringTokenizer;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.FlatMapFunction;

/** Emits the words of a line. */
public final class Split implements FlatMapFunction<String, String> {
  private static final long serialVersionUID = 1L;

  @Override
  public void flatMap(String line, Collector<String> out) {
    for (StringTokenizer words = new StringTokenizer(line); words.hasMoreTokens(); ) {
      out.collect(words.nextToken());
    }
  }
}
