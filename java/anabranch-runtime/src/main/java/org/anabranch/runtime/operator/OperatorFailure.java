package org.anabranch.runtime.operator;

/**
 * What has ended a task in the middle of its chain: the failure itself is the cause.
 *
 * <p>It passes through users' functions on its way up, since a function emits by a call. Should one
 * of them swallow it, the chain still knows it and throws it again.
 */
public final class OperatorFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String operator;
  private final long position;
  private final transient Object failedRecord;
  private final boolean hasRecord;

  private OperatorFailure(
      String operator, long position, Object failedRecord, boolean hasRecord, Throwable cause) {
    super("operator " + operator + " failed", cause, false, false);
    this.operator = operator;
    this.position = position;
    this.failedRecord = failedRecord;
    this.hasRecord = hasRecord;
  }

  /** A failure while a record was handled; {@code position} may be -1 if it is not known. */
  public static OperatorFailure atRecord(
      String operator, long position, Object failedRecord, Throwable cause) {
    return new OperatorFailure(operator, position, failedRecord, true, cause);
  }

  /**
   * A failure outside of any record: while a function was loaded, opened, closed or asked for data.
   */
  public static OperatorFailure outsideOfRecords(String operator, Throwable cause) {
    return new OperatorFailure(operator, -1, null, false, cause);
  }

  /** Returns the name of the operator that failed; empty for the engine. */
  public String operator() {
    return operator;
  }

  /** Returns how many records the operator had taken before this one, or -1. */
  public long position() {
    return position;
  }

  /** Returns whether a record was being handled. */
  public boolean hasRecord() {
    return hasRecord;
  }

  /** Returns the record that was being handled. */
  public Object failedRecord() {
    return failedRecord;
  }
}
