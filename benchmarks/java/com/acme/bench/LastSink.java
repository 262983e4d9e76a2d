package com.acme.bench;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.anabranch.api.function.RichSinkFunction;
import org.anabranch.api.tuple.Tuple;

/**
 * Keeps the last record of each first field; finds how many there are and the sum of their digests.
 */
public final class LastSink extends RichSinkFunction<Tuple> {
  private static final long serialVersionUID = 1L;

  private final Marks marks;
  private final Map<Object, Tuple> last = new HashMap<>();

  /** Creates a sink that leaves its marks in a directory. */
  public LastSink(String marks) {
    this.marks = new Marks(marks);
  }

  @Override
  public void sink(Tuple value) {
    last.put(value.get(0), value);
  }

  @Override
  public void close() throws IOException {
    long total = last.values().stream().mapToLong(SumSink::digest).sum();
    marks.ended(getRuntimeContext().getTaskIndex(), last.size(), total);
  }
}
