package org.anabranch.runtime.replay;

/**
 * A re-run went another way than the run whose determinants it was given. The cause is in user
 * code: it depends on something that it has not got from its context.
 */
public final class NondeterminismException extends RecoveryException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message says which position and what. */
  public NondeterminismException(String message) {
    super(message);
  }

  /**
   * Creates an exception that says all of it in its message.
   *
   * @param task how the task is called to its user
   * @param position where in the task's log
   * @param expected what the re-run wants
   * @param found what the log has there
   */
  public NondeterminismException(String task, LogPosition position, String expected, String found) {
    super(
        "replay of %s diverged from its log at entry %d of epoch %d: expected %s, got %s"
            .formatted(task, position.index(), position.epoch(), found, expected));
  }
}
