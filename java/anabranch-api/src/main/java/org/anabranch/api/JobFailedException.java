package org.anabranch.api;

/**
 * The job ended because of an error. The message begins with operator, subtask, language, record
 * and the user's own trace, whatever language that is in.
 */
public class JobFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public JobFailedException(String message) {
    super(message);
  }

  public JobFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
