package org.anabranch.api.function;

/**
 * Combines the records of one key in an accumulator of another type.
 *
 * @param <T> type of the records
 * @param <A> type of the accumulator; like any state it may have to be encoded
 * @param <R> type of the result
 */
public interface AggregateFunction<T, A, R> extends Function {

  /** Returns the accumulator of a key that has no records yet. */
  A createAccumulator() throws Exception;

  /** Returns the accumulator with a record added; may change and return the one it was given. */
  A add(T value, A accumulator) throws Exception;

  /**
   * Returns the record to emit, as it is now; this may be the accumulator, which may change later.
   */
  R getResult(A accumulator) throws Exception;

  /** Returns the accumulator of the records of both. */
  A merge(A a, A b) throws Exception;
}
