package org.anabranch.runtime.exchange.wire;

import org.anabranch.runtime.replay.TaskLogs;

/** What the channels of a task do so that a failed task can be recovered. */
public sealed interface Guarantee {

  /** Nothing: the job ends on that day. */
  record None() implements Guarantee {}

  /**
   * They carry barriers, and remember nothing: all tasks roll back to a checkpoint together, and
   * every channel begins anew.
   */
  record AtLeastOnce() implements Guarantee {}

  /**
   * They keep what was sent, and go on where the task that has died was.
   *
   * @param logs what the task remembers
   */
  record ExactlyOnce(TaskLogs logs) implements Guarantee {}
}
