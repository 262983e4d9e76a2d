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
        "%s does not repeat itself: at entry %d of epoch %d it wants %s, the run before had %s"
            .formatted(task, position.index(), position.epoch(), expected, found));
  }
}
