package org.anabranch.api.function;

import java.io.Serializable;

/**
 * Anything that a job calls for its records.
 *
 * <p>A function is serializable so that a lambda can travel to the worker. A function that is named
 * by its class is made on the worker instead, and its fields need not be serializable.
 */
public interface Function extends Serializable {

  /**
   * Returns what the function wants back if it has to go on from here in another process: a value
   * that could be a record, null for nothing. State that the engine keeps by key is not part of it.
   *
   * <p>Called in a job with checkpoints, by the task's thread, between two batches: all records in
   * front of the checkpoint have been handled, and none after it. The value is copied before the
   * next record comes, so the function may go on changing it.
   *
   * @throws Exception to end the job
   */
  default Object saveCheckpoint() throws Exception {
    return null;
  }

  /**
   * Takes back what {@link #saveCheckpoint} has returned in an earlier life of this subtask.
   *
   * <p>Called once, after {@code open} (of a source: after {@code init} and {@code open}) and
   * before the first record. Not called where nothing was saved.
   *
   * @param state an equal copy of what was returned
   * @throws Exception to end the job
   */
  default void loadCheckpoint(Object state) throws Exception {}
}
