package org.anabranch.runtime.task;

import java.util.EnumSet;
import java.util.Set;
import org.anabranch.proto.v1.TaskState;

/**
 * The states of a task.
 *
 * <pre>
 *   CREATED ----> RUNNING ----> FINISHED ----> FAILED, where something is left to commit
 *      |             |
 *      |-------------|--------> FAILED
 *      '-------------'--------> CANCELLED
 * </pre>
 */
public enum Lifecycle {
  /** Listens, dials its producers, loads its functions. */
  CREATED(TaskState.TASK_STATE_CREATED),
  /** Handles records. */
  RUNNING(TaskState.TASK_STATE_RUNNING),
  /** Has sent everything, and every consumer has taken it. */
  FINISHED(TaskState.TASK_STATE_FINISHED),
  /** Ended by an error. */
  FAILED(TaskState.TASK_STATE_FAILED),
  /** Ended because the master wanted it. */
  CANCELLED(TaskState.TASK_STATE_CANCELLED);

  private final TaskState wire;

  Lifecycle(TaskState wire) {
    this.wire = wire;
  }

  public TaskState wire() {
    return wire;
  }

  public boolean hasEnded() {
    return this != CREATED && this != RUNNING;
  }

  boolean mayBecome(Lifecycle next) {
    return nextStates().contains(next);
  }

  private Set<Lifecycle> nextStates() {
    return switch (this) {
      case CREATED -> EnumSet.of(RUNNING, FAILED, CANCELLED);
      case RUNNING -> EnumSet.of(FINISHED, FAILED, CANCELLED);
      case FINISHED -> EnumSet.of(FAILED);
      case FAILED, CANCELLED -> EnumSet.noneOf(Lifecycle.class);
    };
  }
}
