package com.acme.channels;

import com.acme.bench.Marks;
import com.acme.shuffle.PairSource;
import java.nio.file.Files;
import java.nio.file.Path;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/** Emits its share of the pairs, has nothing to emit until the end is asked for, and ends. */
public final class PausingSource implements SourceFunction<Object> {
  private static final long serialVersionUID = 1L;

  private final long limit;
  private final long keys;
  private final String directory;
  private final boolean waits;
  private int index;
  private int step;
  private boolean emitted;

  /** Creates a source of so many records of so many keys; if it waits, it sleeps in fetch. */
  public PausingSource(long limit, long keys, String directory, boolean waits) {
    this.limit = limit;
    this.keys = keys;
    this.directory = directory;
    this.waits = waits;
  }

  @Override
  public void init(int parallelism, int index) {
    this.index = index;
    step = parallelism;
  }

  @Override
  public void fetch(SourceContext<Object> context) throws Exception {
    if (!emitted) {
      emitted = true;
      new Marks(directory).started(index);
      for (long number = index; number < limit; number += step) {
        context.collect(PairSource.pair(number, keys));
      }
    } else if (Files.exists(Path.of(directory, "end"))) {
      throw new EndOfDataException();
    } else if (waits) {
      Thread.sleep(1000);
    }
  }
}
