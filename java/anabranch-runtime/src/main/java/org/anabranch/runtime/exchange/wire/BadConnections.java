package org.anabranch.runtime.exchange.wire;

import java.util.concurrent.TimeUnit;

/**
 * Counts connections that came to nothing. Reports the first one at once, and later ones as a
 * number, with the last reason, once a minute.
 */
public final class BadConnections {
  private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final String action;
  private boolean reported;
  private long reportedAt;
  private int count;
  private String reason;

  /** Takes the word for what was done with them. */
  public BadConnections(String action) {
    this.action = action;
  }

  public void met(String why) {
    count++;
    reason = why;
    if (!reported || System.nanoTime() - reportedAt >= INTERVAL_NANOS) {
      report();
    }
  }

  /** Reports what was counted since the last report, if anything was. */
  public void report() {
    if (count == 1) {
      System.err.println(action + " a connection: " + reason);
    } else if (count > 1) {
      System.err.printf("%s %d connections, the last one: %s%n", action, count, reason);
    }
    count = 0;
    reported = true;
    reportedAt = System.nanoTime();
  }
}
