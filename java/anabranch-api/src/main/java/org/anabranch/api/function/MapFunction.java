package org.anabranch.api.function;

/**
 * Turns each record into another.
 *
 * @param <T> type of the input
 * @param <R> type of the output
 */
@FunctionalInterface
public interface MapFunction<T, R> extends Function {

  /**
   * Called once for each record, in the order of arrival.
   *
   * @param value the record; null only if an upstream operator emitted null
   * @return the record to emit, as it is now; may be null, and may be changed later
   * @throws Exception to end the job
   */
  R map(T value) throws Exception;
}
