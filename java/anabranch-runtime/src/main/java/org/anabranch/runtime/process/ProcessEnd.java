package org.anabranch.runtime.process;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Ends a worker's JVM as any JVM ends, with its shutdown hooks, but in limited time. */
public final class ProcessEnd {
  // The master waits longer than this.
  private static final long HOOKS_MILLIS = 2000;

  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private ProcessEnd() {}

  /** Runs the shutdown hooks and ends the JVM; whoever calls it again need not wait for that. */
  public static void exit(int code) {
    if (!BEGUN.compareAndSet(false, true)) {
      return;
    }
    Thread lastResort = new Thread(() -> haltLate(code), "anabranch-end");
    lastResort.setDaemon(true);
    lastResort.start();
    LineOutput.finishAllLines();
    Runtime.getRuntime().exit(code);
  }

  private static void haltLate(int code) {
    try {
      TimeUnit.MILLISECONDS.sleep(HOOKS_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    LineOutput.finishAllLines();
    Runtime.getRuntime().halt(code);
  }
}
