package org.anabranch.runtime.exchange.wire;

/** A peer on the data plane broke the protocol, or could not be reached in time. */
public final class ExchangeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message says which channel, what, and what to do. */
  public ExchangeException(String message) {
    super(message);
  }

  /** As above, with the reason beneath. */
  public ExchangeException(String message, Throwable cause) {
    super(message, cause);
  }
}
