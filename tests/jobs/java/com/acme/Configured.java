package com.acme;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.anabranch.api.function.MapFunction;

/** Finds its configuration as logging libraries do, and prints in pieces. */
public final class Configured implements MapFunction<String, String> {
  private static final String CONFIGURATION = read();

  private static String read() {
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    try (InputStream file = loader.getResourceAsStream("acme.properties")) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String map(String value) {
    java.util.logging.Logger.getLogger("acme").info("by java.util.logging");
    System.out.print("\r10 %");
    System.out.flush();
    System.out.print("\r20 %");
    Thread other = new Thread(() -> System.out.println("of another thread"));
    other.start();
    try {
      other.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return CONFIGURATION;
  }
}
