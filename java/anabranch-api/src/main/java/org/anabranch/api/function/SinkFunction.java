package org.anabranch.api.function;

/**
 * Takes records out of the job.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface SinkFunction<T> extends Function {

  /**
   * Called once for each record, in the order of arrival.
   *
   * @param value the record
   * @throws Exception to end the job
   */
  void sink(T value) throws Exception;
}
