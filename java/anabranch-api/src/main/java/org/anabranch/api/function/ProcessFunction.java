package org.anabranch.api.function;

/**
 * Makes any number of records of each record, with a state per key on a keyed stream.
 *
 * @param <T> type of the input
 * @param <R> type of the output
 */
@FunctionalInterface
public interface ProcessFunction<T, R> extends Function {

  /**
   * Called once for each record, in the order of arrival.
   *
   * @param value the record, which may be changed and kept
   * @param context key and state; valid during the call
   * @param collector takes the output; valid during the call
   * @throws Exception to end the job
   */
  void process(T value, ProcessContext context, Collector<R> collector) throws Exception;
}
