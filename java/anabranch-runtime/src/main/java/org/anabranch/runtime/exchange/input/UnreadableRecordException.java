package org.anabranch.runtime.exchange.input;

import org.anabranch.runtime.records.RecordException;

/** A record that has arrived cannot be decoded here, say for a class with other fields. */
public final class UnreadableRecordException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long position;

  UnreadableRecordException(String message, long position, RecordException cause) {
    super(message, cause);
    this.position = position;
  }

  /** Returns the number of records that had arrived on the same edge before this one. */
  public long position() {
    return position;
  }
}
