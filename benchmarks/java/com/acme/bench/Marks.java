package com.acme.bench;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes when a run began and ended, as benchmarks/common/marks.py does. {@link System#nanoTime}
 * and Python's {@code time.monotonic} are one clock.
 */
public final class Marks implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String directory;

  /** Creates the marks of a run, which are files in a directory. */
  public Marks(String directory) {
    this.directory = directory;
  }

  /** Writes that a source subtask emits its first record now. */
  public void started(int index) throws IOException {
    write("started-" + index, Double.toString(now()));
  }

  /** Writes that a sink subtask has had its last record now, and what it found. */
  public void ended(int index, long count, long total) throws IOException {
    write("ended-" + index, "[%s, [%d, %s]]".formatted(now(), count, Long.toUnsignedString(total)));
  }

  private static double now() {
    return System.nanoTime() / 1e9;
  }

  private void write(String name, String json) throws IOException {
    Files.writeString(Path.of(directory, name + ".json"), json);
  }
}
