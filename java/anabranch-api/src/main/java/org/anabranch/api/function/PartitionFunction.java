package org.anabranch.api.function;

/**
 * Chooses the subtasks that a record goes to.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface PartitionFunction<T> extends Function {

  /**
   * Called once for each record, in the order of emission, by the task that emits it.
   *
   * @param value the record, or a copy of it where it can be changed
   * @param n number of subtasks to choose from, at least 1
   * @return indexes in {@code 0 … n - 1}; an empty array drops the record
   * @throws Exception to end the job
   */
  int[] partition(T value, int n) throws Exception;
}
