package org.anabranch.runtime.operator;

import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Has a task look up from its records every few milliseconds, however long they take.
 *
 * <p>To read a clock for each record would cost more than many a function does, so it is read after
 * a number of records that follows the time they take: one at first, twice as many while they are
 * quick.
 */
final class Ticker {
  private static final long TARGET_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
  private static final int MOST = 4096;

  private final LongConsumer look;
  private int records = 1;
  private int left = 1;
  private long last = System.nanoTime();

  /**
   * Creates a ticker.
   *
   * @param look called with the time, of {@code System.nanoTime}
   */
  Ticker(LongConsumer look) {
    this.look = look;
  }

  /** An operator has taken a record. */
  void step() {
    if (--left <= 0) {
      lookUp();
    }
  }

  private void lookUp() {
    long now = System.nanoTime();
    long passed = now - last;
    if (passed > 2 * TARGET_NANOS) {
      records = (int) Math.max(1, records * TARGET_NANOS / passed);
    } else if (passed < TARGET_NANOS / 2) {
      records = Math.min(MOST, 2 * records);
    }
    left = records;
    look.accept(now);
    last = System.nanoTime(); // the wait for a consumer does not count
  }
}
