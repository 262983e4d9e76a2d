package org.anabranch.runtime.operator;

import java.util.concurrent.TimeUnit;

/**
 * How many records a source is asked for at a time: so many that a call of {@code fetch}, with all
 * that becomes of them in the task, takes about 50 ms.
 *
 * <p>Only between two calls a source can take a checkpoint. What this number is decides which
 * records are of one call, and so at which record the clock is read again: a task that is to be
 * repeated logs each change, and begins each epoch anew.
 */
final class FetchSize {
  private static final int FIRST = 1;
  private static final int MOST = 4096;
  private static final long QUICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long TARGET_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private int records = FIRST;

  int records() {
    return records;
  }

  /** Sets the number to what it was at this place before. */
  void repeat(int wanted) {
    records = wanted;
  }

  /** Starts with few records. */
  void beginEpoch() {
    records = FIRST;
  }

  /**
   * Takes note of what a call has collected and how long it took; returns whether the number has
   * changed.
   */
  boolean learn(long collected, long nanos) {
    int before = records;
    if (nanos > SLOW_NANOS) {
      records = (int) Math.max(1, Math.min(before, (double) collected * TARGET_NANOS / nanos));
    } else if (nanos < QUICK_NANOS && collected >= before) {
      records = Math.min(MOST, 2 * before);
    }
    return records != before;
  }
}
