package com.acme;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import org.anabranch.api.function.RichMapFunction;
import org.anabranch.api.tuple.Tuple2;

/** Asks for an answer of many bytes for each record, and passes on the first of them. */
public final class Answering extends RichMapFunction<Long, Tuple2<Long, byte[]>> {
  private final int size;

  public Answering(long size) {
    this.size = (int) size;
  }

  @Override
  public Tuple2<Long, byte[]> map(Long value) throws Exception {
    byte[] answer =
        getRuntimeContext()
            .nondeterministic(
                () -> {
                  byte[] bytes = new byte[size];
                  ThreadLocalRandom.current().nextBytes(bytes);
                  return bytes;
                });
    return new Tuple2<>(value, Arrays.copyOf(answer, 8));
  }
}
