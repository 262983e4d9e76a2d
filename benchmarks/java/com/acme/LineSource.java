package com.acme;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;

/** Emits the lines of a page again and again; the time of the first {@code fetch} is the start. */
public final class LineSource implements SourceFunction<String> {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 128;
  private static final int WORDS_PER_LINE = 10;

  private final String page;
  private final long lines;
  private final String results;
  private transient List<String> all;
  private int index;
  private int step;
  private long next;
  private long started;

  public LineSource(String page, long words, String results) {
    this.page = page;
    this.lines = words / WORDS_PER_LINE;
    this.results = results;
  }

  @Override
  public void init(int parallelism, int index) throws IOException {
    all = Files.readAllLines(Path.of(page));
    this.index = index;
    step = parallelism;
    next = index;
    started = 0;
  }

  @Override
  public void fetch(SourceContext<String> context) throws IOException, EndOfDataException {
    if (started == 0) {
      started = System.nanoTime();
    }
    for (int i = 0; i < CHUNK && next < lines; i++, next += step) {
      context.collect(all.get((int) (next % all.size())));
    }
    if (next >= lines) {
      Files.writeString(Path.of(results, "started-" + index), String.valueOf(started / 1e9));
      throw new EndOfDataException();
    }
  }
}
