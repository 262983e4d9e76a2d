package org.anabranch.api.function;

/**
 * A sink whose records become visible once, and only together with the checkpoint that covers them.
 *
 * <p>The order of calls, all by the task's thread: {@code open}; {@link #beginTransaction}; {@code
 * sink} for each record; {@link #preCommit} at a checkpoint, or at the end of the input; {@code
 * beginTransaction} for the records after it, unless it was the end. {@link #commit} comes once the
 * checkpoint is complete, some records later.
 *
 * <p>After a failure a new object is opened, {@code commit} is called for every transaction that
 * the checkpoint knows as pre-committed, and then {@code beginTransaction}. What was written after
 * the checkpoint is in a transaction that is never committed, and is written again. {@code close}
 * gives up the transaction that is open.
 *
 * <p>In a job without checkpoints there is one transaction, which is committed at the end.
 *
 * @param <T> type of the records
 */
public interface TransactionalSinkFunction<T> extends SinkFunction<T> {

  /**
   * Begins the transaction that the next records belong to.
   *
   * @throws Exception to end the job
   */
  void beginTransaction() throws Exception;

  /**
   * Ends the open transaction so that nothing but {@link #commit} is missing: its records must
   * survive the end of this process.
   *
   * @param checkpoint number of the checkpoint; {@code Long.MAX_VALUE} at the end of the input
   * @return what identifies the transaction, a value that could be a record; null if there is
   *     nothing to commit
   * @throws Exception to end the job
   */
  Object preCommit(long checkpoint) throws Exception;

  /**
   * Makes a transaction visible. May be called again for one that is committed already, also in
   * another process, and then does nothing.
   *
   * @param handle what {@link #preCommit} has returned, or an equal copy
   * @throws Exception to end the job
   */
  void commit(Object handle) throws Exception;
}
