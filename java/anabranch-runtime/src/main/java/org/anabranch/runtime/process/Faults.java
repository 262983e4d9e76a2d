package org.anabranch.runtime.process;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Named places at which a test has a worker end at once. Without ANABRANCH_FAULT they do nothing.
 */
public final class Faults {
  // As if by SIGKILL: nothing is closed, flushed or told.
  private static final int KILLED = 137;

  private static final String PLACE = System.getenv().getOrDefault("ANABRANCH_FAULT", "");

  private Faults() {}

  /** Ends this process if a test wants that here; only the first one that comes by. */
  public static void reach(String place) {
    if (!place.equals(PLACE)) {
      return;
    }
    try {
      Files.createFile(Path.of(System.getenv("ANABRANCH_FAULT_FILE")));
    } catch (FileAlreadyExistsException e) {
      return;
    } catch (IOException e) {
      System.err.println("the test's file cannot be made: " + e);
    }
    Runtime.getRuntime().halt(KILLED);
  }
}
