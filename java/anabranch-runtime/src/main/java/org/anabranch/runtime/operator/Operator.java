package org.anabranch.runtime.operator;

import java.util.List;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.runtime.records.Batch;
import org.anabranch.runtime.state.KeyedState;

/**
 * One operator of a chain at one parallel index.
 *
 * <p>All calls come from the task's thread. {@link #open} is called once, before the first record
 * and after the operators downstream of it have been opened. {@link #close} is called once if
 * {@code open} was called at all: at the end of input, or when the task has failed or was
 * cancelled, in the order of the chain. Between them, {@link #process} is called for every record,
 * in the order in which the records of one channel were sent: with the batches that come into a
 * chain, and record by record within it. An operator emits the results of a record before it
 * returns from {@code process}; it may not keep the thread longer than the user's function does.
 *
 * <p>What a user's function throws passes through; the chain notes operator and record. An operator
 * does not catch it.
 */
public interface Operator {
  /** The number of the checkpoint after the end of the input. */
  long END = Long.MAX_VALUE;

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

  /** Is told how far an operator is in a batch, so that others need not wait for its end. */
  @FunctionalInterface
  interface Progress {

    /**
     * The operator has emitted the results of the next record of the batch.
     *
     * @throws OperatorFailure if the task is to stop; it is not to be caught
     */
    void handled();
  }

  /**
   * Handles some records of one input, one at least, and says so after each. An operator that can
   * do better than to take them one by one overrides this, too.
   */
  default void process(int input, Batch batch, Progress progress) throws Exception {
    for (int i = 0; i < batch.size(); i++) {
      process(input, batch.key(i), batch.value(i));
      progress.handled();
    }
  }

  /** What an operator does with a record that came earlier than the one at hand. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  /** Does something with an earlier record, so that a failure is that record's. */
  @FunctionalInterface
  interface Apart {
    void handle(Object value, Action action) throws Exception;
  }

  /** Says how to handle records that came earlier than the one at hand. */
  default void handleApart(Apart apart) {}

  /** Called once when the input has ended, before {@link #close}; emits what is held back. */
  default void finish() throws Exception {}

  /** Called once before the first record, after what was saved has been loaded. */
  default void start() throws Exception {}

  /**
   * Returns what the engine keeps for this operator by key. The names of the states differ. What
   * was saved is in them when {@link #start} is called.
   */
  default List<KeyedState<?>> keyedStates() {
    return List.of();
  }

  /**
   * Returns what else the engine keeps for this operator: values that could be records, in an order
   * that only {@link #load} has to understand.
   *
   * @param checkpoint number of the checkpoint; {@link #END} after the end of the input
   */
  default List<Object> save(long checkpoint) throws Exception {
    return List.of();
  }

  /** Takes back what {@link #save} has returned; called after {@link #open}. */
  default void load(List<Object> saved) throws Exception {}

  /** Returns what the user's function wants to keep, or null. */
  default Object saveFunction() throws Exception {
    return null;
  }

  /** Gives the user's function back what it wanted to keep; called before {@link #load}. */
  default void loadFunction(Object saved) throws Exception {}

  /** Makes visible what belongs to checkpoints up to this one. */
  default void commit(long checkpoint) throws Exception {}

  /** Returns true if the operator is of use until the last {@link #commit}. */
  default boolean needsCommit() {
    return false;
  }

  /** Closes the user's function. */
  void close() throws Exception;
}
