package org.anabranch.api.graph;

import java.time.Duration;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.JoinType;

/** How a join treats records without a match, and how long it remembers. */
public record JoinSpec(JoinType type, Duration retention) {

  /**
   * Checks the options of a join.
   *
   * @throws JobGraphException if the retention is less than a millisecond
   */
  public static JoinSpec of(JoinType type, Duration retention) {
    if (retention.toMillis() < 1) {
      throw new JobGraphException(
          "a join needs a retention of at least a millisecond: call within(duration)");
    }
    return new JoinSpec(type, retention);
  }
}
