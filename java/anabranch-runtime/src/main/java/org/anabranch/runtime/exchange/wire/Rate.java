package org.anabranch.runtime.exchange.wire;

import java.util.concurrent.TimeUnit;

/**
 * How long a task takes for a record of its input, and so how much of it may lie ahead of the task:
 * half a second of work, in frames of a twentieth. What was measured last counts most.
 */
public final class Rate {
  /** Records of a channel before anything is known of the task. */
  public static final int FIRST_WINDOW = 16;

  public static final int MOST_RECORDS = Integer.MAX_VALUE;

  private static final double WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final double FRAME_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  // So that the next record is there when the one at hand is done.
  private static final int LEAST_WINDOW = 2;

  private double records;
  private double nanos;

  /** Takes note of how long so many records have taken. */
  public void took(int moreRecords, long moreNanos) {
    records = records / 2 + moreRecords;
    nanos = nanos / 2 + moreNanos;
  }

  /** Returns how many records may lie ahead of the task on each of so many channels. */
  public int window(int channels) {
    double time = Math.max(WINDOW_NANOS / channels, FRAME_NANOS);
    return records == 0 ? FIRST_WINDOW : Math.max(LEAST_WINDOW, in(time));
  }

  /** Returns how many records of one frame the task wants. */
  public int frameRecords() {
    return records == 0 ? FIRST_WINDOW : Math.max(1, in(FRAME_NANOS));
  }

  private int in(double time) {
    return (int) Math.min(MOST_RECORDS, time * records / Math.max(nanos, 1));
  }
}
