package com.acme.bench;

import java.io.IOException;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/**
 * Emits a record for each number below a limit. The subtasks share the numbers, a batch at a time.
 */
public abstract class NumberedSource implements SourceFunction<Object> {
  private static final long serialVersionUID = 1L;
  private static final int BATCH = 512;

  private final long limit;
  private final Marks marks;
  private int index;
  private long next;
  private long step;
  private boolean running;

  /** Creates a source of the numbers below a limit. */
  protected NumberedSource(long limit, String marks) {
    this.limit = limit;
    this.marks = new Marks(marks);
  }

  /** Returns the record of a number. */
  protected abstract Object record(long number);

  @Override
  public void init(int parallelism, int index) {
    this.index = index;
    next = (long) index * BATCH;
    step = (long) parallelism * BATCH;
  }

  @Override
  public void fetch(SourceContext<Object> context) throws EndOfDataException, IOException {
    if (!running) {
      running = true;
      marks.started(index);
    }
    if (next >= limit) {
      throw new EndOfDataException();
    }
    long end = Math.min(next + BATCH, limit);
    for (long number = next; number < end; number++) {
      context.collect(record(number));
    }
    next += step;
  }
}
