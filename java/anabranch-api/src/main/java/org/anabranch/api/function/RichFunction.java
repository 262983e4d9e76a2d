package org.anabranch.api.function;

/** A function that wants to know when it begins and when it ends. */
public interface RichFunction extends Function {

  /**
   * Called once, by the task's thread, before the first record and when all channels of the task
   * stand.
   *
   * @param context where the function runs
   * @throws Exception to end the job
   */
  default void open(RuntimeContext context) throws Exception {}

  /**
   * Called once, by the task's thread, when no further record will come: after the last record, on
   * cancellation, or on a failure of this or another function. Not called if {@link #open} has not
   * been called.
   *
   * @throws Exception to end the job; after a failure it is noted and the first failure stands
   */
  default void close() throws Exception {}
}
