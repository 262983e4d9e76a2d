package com.acme;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.anabranch.api.function.MapFunction;

/** Writes the file whose name it is given when the JVM ends. */
public final class AtTheEnd implements MapFunction<String, String> {
  @Override
  public String map(String file) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> write(Path.of(file))));
    return file;
  }

  private static void write(Path file) {
    try {
      Files.writeString(file, "hook");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
