package org.anabranch.runtime.operator;

/** A class or method that was named as a function does not exist or does not fit. */
public final class FunctionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message is for the user: what, where, what to do. */
  public FunctionException(String message) {
    super(message);
  }

  /** As above, with the reason beneath. */
  public FunctionException(String message, Throwable cause) {
    super(message, cause);
  }
}
