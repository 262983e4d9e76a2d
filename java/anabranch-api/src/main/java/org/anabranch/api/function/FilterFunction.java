package org.anabranch.api.function;

/**
 * Says which records go on.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface FilterFunction<T> extends Function {

  /**
   * Called once for each record, in the order of arrival.
   *
   * @param value the record; it goes on unchanged, so this method must not modify it
   * @return true to keep the record, false to drop it
   * @throws Exception to end the job
   */
  boolean filter(T value) throws Exception;
}
