package com.acme.bench;

import java.io.IOException;
import org.anabranch.api.function.RichSinkFunction;
import org.anabranch.api.tuple.Tuple;

/** Finds how many records there were and the sum of their digests. */
public final class SumSink extends RichSinkFunction<Object> {
  private static final long serialVersionUID = 1L;

  private final Marks marks;
  private long count;
  private long total;

  /** Creates a sink that leaves its marks in a directory. */
  public SumSink(String marks) {
    this.marks = new Marks(marks);
  }

  static long digest(Object value) {
    return value instanceof Digestible own
        ? own.digest()
        : Digest.of(((Tuple) value).toList().toArray());
  }

  @Override
  public void sink(Object value) {
    count++;
    total += digest(value);
  }

  @Override
  public void close() throws IOException {
    marks.ended(getRuntimeContext().getTaskIndex(), count, total);
  }
}
