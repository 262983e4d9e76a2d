package org.anabranch.api.function;

/** Thrown by {@link SourceFunction#fetch} when a source has no more records. Not an error. */
public final class EndOfDataException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The end needs neither a message nor a stack trace. */
  public EndOfDataException() {
    super("end of data", null, false, false);
  }
}
