package org.anabranch.api;

/**
 * The job ended because of an error. The message begins with operator, subtask, language, record
 * and the user's own trace, whatever language that is in. Its {@link #code} is for searches; {@code
 * docs/errors.md} has a section for each.
 */
public class JobFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;

  public JobFailedException(String message) {
    this(message, null, ErrorCode.JOB_FAILED);
  }

  public JobFailedException(String message, Throwable cause) {
    this(message, cause, ErrorCode.JOB_FAILED);
  }

  /** As above, for a failure of a kind that has a code of its own. */
  public JobFailedException(String message, Throwable cause, String code) {
    super(message, cause);
    this.code = code;
  }

  /** Returns the code of this kind of error. */
  public String code() {
    return code;
  }

  @Override
  public String toString() {
    return super.toString() + ErrorCode.note(code);
  }
}
