package com.acme.flights;

import org.apache.datasketches.memory.WritableMemory;

/** Loads the memory library of DataSketches on any JDK. */
final class SketchMemory {
  private static final String VERSION = "java.version";

  private SketchMemory() {}

  /**
   * Loads the library, which while doing so refuses every JDK but 8, 11, 17 and 21. What it guards
   * is memory outside of the heap, which this job does not use, so it is told 21 meanwhile.
   */
  static void load() {
    String version = System.getProperty(VERSION);
    System.setProperty(VERSION, "21");
    try {
      WritableMemory.writableWrap(new byte[1]);
    } finally {
      System.setProperty(VERSION, version);
    }
  }
}
