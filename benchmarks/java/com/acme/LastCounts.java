package com.acme;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.anabranch.api.function.RichSinkFunction;
import org.anabranch.api.tuple.Tuple2;

/** Keeps the last count of each word; the time of its end is the end of the run. */
public final class LastCounts extends RichSinkFunction<Tuple2<String, Long>> {
  private static final long serialVersionUID = 1L;

  private final String results;
  private final Map<String, Long> counts = new HashMap<>();

  public LastCounts(String results) {
    this.results = results;
  }

  @Override
  public void sink(Tuple2<String, Long> value) {
    counts.put(value.f0(), value.f1());
  }

  @Override
  public void close() {
    StringBuilder found = new StringBuilder().append(System.nanoTime() / 1e9);
    counts.forEach((word, count) -> found.append('\n').append(word).append(' ').append(count));
    int index = getRuntimeContext().getTaskIndex();
    try {
      Files.writeString(Path.of(results, "ended-" + index), found);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
