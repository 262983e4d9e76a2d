package org.anabranch.runtime.exchange.output;

/** The partition function of an edge has failed: the cause. The message says whose it is. */
public final class PartitionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param consumer the operator that the records go to
   */
  public PartitionException(String consumer, Throwable cause) {
    super(
        "it comes from the function of partition_by, for operator " + consumer,
        cause,
        false,
        false);
  }
}
