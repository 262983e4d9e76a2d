package org.anabranch.api.graph;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Says at the end of a program which jobs it has described and not run: most often, {@code execute}
 * was forgotten.
 */
final class NeverRun {
  private static final int MOST = 1000; // of a program that describes jobs and drops them, for ever

  private static final Map<Integer, Begun> BEGUN = new LinkedHashMap<>();
  private static boolean watching;
  private static int numbers;

  private NeverRun() {}

  /** A job, the line that began it, and the thread that ran that line. */
  private record Begun(String origin, Thread thread) {}

  /** Returns what {@link #note} and {@link #forget} take for one more job. */
  static synchronized int newNumber() {
    return numbers++;
  }

  /** Takes note that a job was begun by this line of the user's code. */
  static synchronized void note(int number, String origin) {
    if (BEGUN.size() < MOST) {
      BEGUN.putIfAbsent(number, new Begun(origin, Thread.currentThread()));
    }
    if (!watching) {
      watching = true;
      forgetAllIfItFails(Thread.currentThread());
      try {
        Runtime.getRuntime().addShutdownHook(new Thread(NeverRun::report, "anabranch-never-run"));
      } catch (IllegalStateException e) {
        // The program is ending already.
      }
    }
  }

  /** Takes note that the job was submitted, or is not going to be. */
  static synchronized void forget(int number) {
    BEGUN.remove(number);
  }

  /** A program that an exception ends has other worries. All else happens as if nobody listened. */
  private static void forgetAllIfItFails(Thread thread) {
    Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
    thread.setUncaughtExceptionHandler(
        (failed, exception) -> {
          synchronized (NeverRun.class) {
            BEGUN.clear();
          }
          handler.uncaughtException(failed, exception);
        });
  }

  private static synchronized void report() {
    // One that still runs was interrupted by a signal, or has called System.exit.
    BEGUN.values().removeIf(begun -> begun.thread().isAlive());
    List<Begun> all = new ArrayList<>(BEGUN.values());
    if (!all.isEmpty()) {
      String more = all.size() > 1 ? " (and %d more)".formatted(all.size() - 1) : "";
      System.err.println(
          "%s: a job was described here and never run%s; end it with context.execute(name) or context.submit(name)"
              .formatted(all.get(0).origin(), more));
    }
  }
}
