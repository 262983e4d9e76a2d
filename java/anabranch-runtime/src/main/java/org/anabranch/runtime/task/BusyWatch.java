package org.anabranch.runtime.task;

import java.util.concurrent.TimeUnit;
import org.anabranch.runtime.text.StackTraces;

/**
 * Looks at a task that is busy with one batch for long, at first soon enough for a warning of a
 * stall, then whenever twice as much time has passed: a source may wait in {@code fetch} for ever,
 * and to look at a thread stops all of them.
 */
final class BusyWatch {
  private static final long LONG_MILLIS = 2000;

  /** For how many milliseconds at least, and where in the user's code. */
  record Busy(long millis, String place) {}

  private static final Busy NOT_FOR_LONG = new Busy(0, "");

  private final Thread thread;
  private final long longMillis;
  private long since;
  private Busy last = NOT_FOR_LONG;

  /**
   * Makes a watch.
   *
   * @param thread the task's
   * @param stallWarnMillis after what time without a moving record the master warns; 0: never
   */
  BusyWatch(Thread thread, long stallWarnMillis) {
    this.thread = thread;
    this.longMillis =
        stallWarnMillis == 0 ? LONG_MILLIS : Math.min(LONG_MILLIS, stallWarnMillis / 2);
  }

  /**
   * Returns what there is to say. May be called from any thread.
   *
   * @param now the time, of {@code System.nanoTime}
   * @param busySince when the batch at hand was begun; 0 if there is none
   */
  synchronized Busy look(long now, long busySince) {
    long millis = TimeUnit.NANOSECONDS.toMillis(now - busySince);
    if (busySince == 0 || millis < longMillis) {
      return NOT_FOR_LONG;
    }
    if (busySince != since || millis >= 2 * last.millis()) {
      since = busySince;
      last = new Busy(Math.max(1, millis), StackTraces.userPlace(thread.getStackTrace()));
    }
    return last;
  }
}
