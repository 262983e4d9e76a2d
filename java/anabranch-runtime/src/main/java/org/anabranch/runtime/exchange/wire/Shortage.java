package org.anabranch.runtime.exchange.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import org.anabranch.runtime.text.ErrorText;

/**
 * Tells a want of open files that passes, for functions may give some back, from one that lasts,
 * which is an error.
 */
public final class Shortage {
  // Longer than peers that say nothing are waited for: those of a stranger must not end a job.
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  // A JVM tells only the system's text; where the whole system has none left, it goes on after
  // this.
  private static final String TEXT = "Too many open files";

  private final long patienceNanos;
  private boolean met;
  private long since;

  public Shortage() {
    this(PATIENCE_NANOS);
  }

  Shortage(long patienceNanos) {
    this.patienceNanos = patienceNanos;
  }

  /** Returns whether the system has refused another open file. */
  public static boolean isOneOf(IOException error) {
    return ErrorText.message(error).contains(TEXT);
  }

  /**
   * Takes note of an error.
   *
   * @throws UncheckedIOException if it is a want of open files, and there have been others for too
   *     long
   */
  public void met(IOException error) {
    if (!isOneOf(error)) {
      return;
    }
    long now = System.nanoTime();
    if (!met) {
      met = true;
      since = now;
    } else if (now - since > patienceNanos) {
      throw new UncheckedIOException(error);
    }
  }

  /** Takes note that there was a file to be had. */
  public void over() {
    met = false;
  }
}
