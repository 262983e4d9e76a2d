package org.anabranch.runtime.records.samples;

/** A record that checks its component. */
public record Positive(long value) {
  /** Refuses what is not positive. */
  public Positive {
    if (value <= 0) {
      throw new IllegalArgumentException("not positive: " + value);
    }
  }
}
