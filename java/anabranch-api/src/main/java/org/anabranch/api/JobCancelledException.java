package org.anabranch.api;

/** The job was cancelled before it had finished. */
public class JobCancelledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public JobCancelledException(String message) {
    super(message);
  }
}
