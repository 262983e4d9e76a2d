package org.anabranch.api.function;

/**
 * Turns each record into any number of others.
 *
 * @param <T> type of the input
 * @param <R> type of the output
 */
@FunctionalInterface
public interface FlatMapFunction<T, R> extends Function {

  /**
   * Called once for each record, in the order of arrival.
   *
   * @param value the record, which may be changed and kept
   * @param out takes the output, in order; of use during this call only
   * @throws Exception to end the job
   */
  void flatMap(T value, Collector<R> out) throws Exception;
}
