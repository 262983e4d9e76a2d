package com.acme;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/** Emits the records; the time of the first {@code fetch} is the start of the run. */
public final class ShapeSource implements SourceFunction<Object> {
  private static final long serialVersionUID = 1L;
  private static final int BATCH = 1024;

  private final String shape;
  private final long records;
  private final String results;
  private long next;
  private long started;

  public ShapeSource(String shape, long records, String results) {
    this.shape = shape;
    this.records = records;
    this.results = results;
  }

  @Override
  public void init(int parallelism, int index) {
    next = 0;
  }

  @Override
  public void fetch(SourceContext<Object> context) throws IOException, EndOfDataException {
    if (next == 0) {
      started = System.nanoTime();
    }
    for (long end = Math.min(next + BATCH, records); next < end; next++) {
      context.collect(Shapes.make(shape, next));
    }
    if (next == records) {
      Files.writeString(Path.of(results, "started"), String.valueOf(started / 1e9));
      throw new EndOfDataException();
    }
  }
}
