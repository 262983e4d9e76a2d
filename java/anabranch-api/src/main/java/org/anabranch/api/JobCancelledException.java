package org.anabranch.api;

/** The job was cancelled before it had finished. */
public class JobCancelledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public JobCancelledException(String message) {
    super(message);
  }

  /** Returns the code of this kind of error. */
  public String code() {
    return ErrorCode.JOB_CANCELLED;
  }

  @Override
  public String toString() {
    return super.toString() + ErrorCode.note(code());
  }
}
