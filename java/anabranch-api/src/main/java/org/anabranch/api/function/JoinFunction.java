package org.anabranch.api.function;

/**
 * Merges two records that have the same key into one.
 *
 * @param <L> type of the left records
 * @param <R> type of the right records
 * @param <O> type of the output
 */
@FunctionalInterface
public interface JoinFunction<L, R, O> extends Function {

  /**
   * Called once for each pair. The records are copies, where they can be changed, of what is
   * remembered.
   *
   * @param left the left record; null in an outer join if the right one has no match
   * @param right the right record; null in an outer join if the left one has no match
   * @return the record to emit
   * @throws Exception to end the job
   */
  O join(L left, R right) throws Exception;
}
