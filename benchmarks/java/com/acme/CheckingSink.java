package com.acme;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.anabranch.api.function.RichSinkFunction;

/** Checks what arrives; the time of its end is the end of the run. */
public final class CheckingSink extends RichSinkFunction<Object> {
  private static final long serialVersionUID = 1L;

  private final String shape;
  private final String results;
  private long count;
  private long total;

  public CheckingSink(String shape, String results) {
    this.shape = shape;
    this.results = results;
  }

  @Override
  public void sink(Object value) {
    count++;
    total += Shapes.value(shape, value);
  }

  @Override
  public void close() {
    String found = System.nanoTime() / 1e9 + " " + count + ":" + total;
    try {
      Files.writeString(Path.of(results, "ended"), found);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
