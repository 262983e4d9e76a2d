package org.anabranch.api;

/**
 * The codes of errors, which are those of Python's {@code errors.py}. Internal: see {@code code}.
 */
public final class ErrorCode {
  public static final String JOB_GRAPH = "AB102";
  public static final String FUNCTION_FAILED = "AB301";
  public static final String REPLAY_DIVERGED = "AB302";
  public static final String JOB_FAILED = "AB303";
  public static final String JOB_CANCELLED = "AB304";

  private ErrorCode() {}

  /** Returns the line that follows the message of an error. */
  static String note(String code) {
    return System.lineSeparator() + "error code " + code + ": see docs/errors.md";
  }
}
