package com.acme;

import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/** The numbers below an end, split over the subtasks; this source cannot resume where it was. */
abstract class Below implements SourceFunction<Long> {
  private final long end;
  private long next;
  private int step;

  Below(long end) {
    this.end = end;
  }

  @Override
  public void init(int parallelism, int index) {
    next = index;
    step = parallelism;
  }

  @Override
  public void fetch(SourceContext<Long> context) throws EndOfDataException {
    if (next >= end) {
      throw new EndOfDataException();
    }
    context.collect(next);
    next += step;
  }
}
