package org.anabranch.runtime.replay;

/** What arrived, or what happened, contradicts what had been logged. Only a rollback helps. */
public class RecoveryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message says which task, which position and what. */
  public RecoveryException(String message) {
    super(message);
  }
}
