package org.anabranch.runtime.operator;

import org.anabranch.runtime.text.ErrorText;
import org.anabranch.runtime.text.RecordText;

/**
 * Leaves out the records at which one operator's function fails, and says so: as dead letters where
 * somebody wants them, else on stderr for the first ones and in total at the end.
 *
 * <p>What the function has emitted for such a record is left out too, unless it is so much that it
 * had to be passed on.
 */
final class Skipping {
  private static final int SHOWN = 10;

  /** Takes the dead letters of an operator. */
  @FunctionalInterface
  interface DeadLetters {
    void add(Object value, Throwable error);
  }

  private final String operator;
  private final HeldOutput results;
  private final DeadLetters deadLetters;
  private long skipped;

  /**
   * Creates what goes with one operator.
   *
   * @param results what the operator emits to
   * @param deadLetters takes what is left out; null to print it
   */
  Skipping(String operator, HeldOutput results, DeadLetters deadLetters) {
    this.operator = operator;
    this.results = results;
    this.deadLetters = deadLetters;
  }

  /** Returns whether {@link #reject} needs records as they were before the function was called. */
  boolean wantsCopies() {
    return deadLetters != null;
  }

  /** The record has not failed. */
  void accept() {
    results.release();
  }

  /**
   * Returns whether an error may be one of the record alone, not of the process or the job's code.
   */
  static boolean isOfRecord(Throwable error) {
    return error instanceof Exception
        || error instanceof StackOverflowError
        || error instanceof AssertionError;
  }

  /**
   * Leaves out a record, which was number {@code position} of those that the operator has taken.
   */
  void reject(long position, Object value, Throwable error) {
    results.discard();
    if (deadLetters != null) {
      deadLetters.add(value, error);
      return;
    }
    skipped++;
    if (skipped <= SHOWN) {
      System.err.println(
          "operator %s skips record %d, %s: %s"
              .formatted(operator, position, RecordText.of(value), ErrorText.simple(error)));
    }
  }

  /** Says how many records there were, if not all were shown. */
  void close() {
    if (skipped > SHOWN) {
      System.err.println("operator %s has skipped %d records".formatted(operator, skipped));
    }
  }
}
