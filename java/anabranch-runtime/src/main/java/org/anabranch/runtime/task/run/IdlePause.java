package org.anabranch.runtime.task.run;

import java.util.concurrent.TimeUnit;

/**
 * The pause between two calls of {@code fetch} while a source emits nothing.
 *
 * <p>It grows by a millisecond each time up to 10. From a second without a record on it is a
 * hundredth of that time, up to 100 ms: hundreds of sources that are asked a hundred times a second
 * keep a good part of a core busy, and who has waited so long does not feel it. What {@code fetch}
 * itself has waited counts, so a source that waits there is asked again at once.
 */
final class IdlePause {
  private static final long SHORT_MILLIS = 10; // reached within a few calls
  private static final long LONGEST_MILLIS = 100;
  private static final long SHARE = 100;

  private long steps;
  private long idleSince;

  /**
   * Returns the pause after a call of {@code fetch}, in milliseconds.
   *
   * @param began when it was called, of {@code System.nanoTime}
   * @param ended when it returned
   * @param collected whether it has emitted anything
   */
  long after(long began, long ended, boolean collected) {
    if (collected) {
      steps = 0;
      return 0;
    }
    if (steps == 0) {
      idleSince = began;
    }
    steps = Math.min(SHORT_MILLIS, steps + 1);
    long idle = TimeUnit.NANOSECONDS.toMillis(ended - idleSince);
    long pause = Math.max(steps, Math.min(LONGEST_MILLIS, idle / SHARE));
    return Math.max(0, pause - TimeUnit.NANOSECONDS.toMillis(ended - began));
  }
}
