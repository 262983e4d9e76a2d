package org.anabranch.runtime.operator;

import org.anabranch.api.function.RuntimeContext;

/**
 * One operator of a chain at one parallel index.
 *
 * <p>All calls come from the task's thread. {@link #open} is called once, before the first record
 * and after the operators behind it have been opened. {@link #close} is called once if {@code open}
 * was called at all: at the end of input, or when the task has failed or was cancelled, in the
 * order of the chain. Between them, {@link #process} is called for every record, in the order in
 * which the records of one channel were sent. An operator emits the results of a record before it
 * returns from {@code process}; it may not keep the thread longer than the user's function does.
 *
 * <p>What a user's function throws passes through; the chain notes operator and record. An operator
 * does not catch it.
 */
public interface Operator {

  /** Opens the user's function. */
  void open(RuntimeContext context) throws Exception;

  /**
   * Handles one record.
   *
   * @param key the record's key where the input is keyed, else null
   * @param value the record
   */
  void process(Object key, Object value) throws Exception;

  /**
   * Handles one record of input {@code input}, 0 or 1. Operators with one input need only the other
   * method.
   */
  default void process(int input, Object key, Object value) throws Exception {
    process(key, value);
  }

  /** Called once when the input has ended, before {@link #close}; emits what is held back. */
  default void finish() throws Exception {}

  /** Closes the user's function. */
  void close() throws Exception;
}
