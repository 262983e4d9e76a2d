package org.anabranch.runtime.checkpoint;

/**
 * A task cannot take its part of a checkpoint, or not go on from one. The message says why, and
 * what to do about it.
 */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message is complete. */
  public CheckpointException(String message) {
    super(message);
  }
}
