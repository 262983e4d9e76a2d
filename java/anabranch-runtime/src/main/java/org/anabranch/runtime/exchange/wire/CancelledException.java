package org.anabranch.runtime.exchange.wire;

/** Thrown out of a wait when the task has been cancelled. */
public final class CancelledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception; it needs no trace, since nobody reads it. */
  public CancelledException() {
    super("the task was cancelled", null, false, false);
  }
}
