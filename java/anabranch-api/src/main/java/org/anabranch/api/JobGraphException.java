package org.anabranch.api;

/** The job cannot be built as described. */
public class JobGraphException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  public JobGraphException(String message) {
    super(message);
  }

  public JobGraphException(String message, Throwable cause) {
    super(message, cause);
  }
}
