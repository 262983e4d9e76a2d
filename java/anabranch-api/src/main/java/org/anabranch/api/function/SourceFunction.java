package org.anabranch.api.function;

/**
 * Brings records into the job.
 *
 * <p>Each subtask has a source object of its own. The objects of one source must share the input
 * out among themselves, by the two numbers given to {@link #init}, or each record enters the job
 * several times.
 *
 * @param <T> type of the records
 */
public interface SourceFunction<T> extends Function {

  /**
   * Called once, before anything else, {@code open} of a rich source included.
   *
   * @param parallelism number of subtasks of this source, at least 1
   * @param index number of this subtask, from 0
   * @throws Exception to end the job
   */
  void init(int parallelism, int index) throws Exception;

  /**
   * Called over and over. Each call should emit a handful of records and return soon: only between
   * two calls can the task be cancelled, report and send what is less than a full batch.
   *
   * <p>A call that emits nothing is followed by a pause, which grows to 10 ms, and after a second
   * without a record to a hundredth of the time since the last one, at most 100 ms. That much later
   * may the next record come. A function that can wait for records, for a second at most or so,
   * waits here instead and is called again at once.
   *
   * @param context takes the records
   * @throws EndOfDataException when there is no more input; the records that this call has emitted
   *     still count
   * @throws Exception to end the job with an error
   */
  void fetch(SourceContext<T> context) throws Exception;

  /**
   * Called once when the source has ended, for whatever reason.
   *
   * @throws Exception to end the job with an error
   */
  default void close() throws Exception {}
}
