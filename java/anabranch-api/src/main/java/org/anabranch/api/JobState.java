package org.anabranch.api;

/** Where in its life a job is. */
public enum JobState {
  CREATED,
  DEPLOYING,
  RUNNING,
  CANCELLING,
  FAILING,
  FINISHED,
  FAILED,
  CANCELLED;

  /** Returns true for the last state of a job. */
  public boolean hasEnded() {
    return this == FINISHED || this == FAILED || this == CANCELLED;
  }
}
