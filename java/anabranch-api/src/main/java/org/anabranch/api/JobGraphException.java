package org.anabranch.api;

/**
 * The job cannot be built as described. Its {@link #code} is for searches; {@code docs/errors.md}
 * has a section for each.
 */
public class JobGraphException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String code;

  public JobGraphException(String message) {
    this(message, null, ErrorCode.JOB_GRAPH);
  }

  public JobGraphException(String message, Throwable cause) {
    this(message, cause, ErrorCode.JOB_GRAPH);
  }

  /** As above, for what the engine has refused with a code of its own. */
  public JobGraphException(String message, Throwable cause, String code) {
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
