package org.anabranch.runtime.exchange.output;

import org.anabranch.runtime.records.RecordException;

/** A record that an operator emitted cannot be encoded for its consumer. */
public final class UnsendableRecordException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Object rejected;

  UnsendableRecordException(String message, Object rejected, RecordException cause) {
    super(message, cause);
    this.rejected = rejected;
  }

  /** Returns the record as it was emitted. */
  public Object rejected() {
    return rejected;
  }
}
