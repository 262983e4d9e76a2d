package org.anabranch.runtime.task.run;

import java.util.concurrent.TimeUnit;

/**
 * How many records a task handles between two looks at anything else, learned from what was handled
 * last: a checkpoint, a commit or a cancellation waits for the batch at hand, so a slow task takes
 * a frame in parts.
 */
final class Pace {
  private static final long GOAL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private int most = 1;

  /** Returns how many records take about as long as nobody minds. */
  int most() {
    return most;
  }

  /** Takes note of how long so many records have taken. */
  void learn(int records, long nanos) {
    double fit = (double) records * GOAL_NANOS / Math.max(nanos, 1);
    most = (int) Math.max(1, Math.min(fit, Integer.MAX_VALUE));
  }
}
