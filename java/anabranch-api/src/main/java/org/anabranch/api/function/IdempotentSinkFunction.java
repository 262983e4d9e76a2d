package org.anabranch.api.function;

/**
 * A sink that is told which record it is given, so that one that comes again after a failure can
 * take the place of itself.
 *
 * <p>In a job that counts exactly once, the record that comes again under an id is the same one, or
 * stands in its place: after a failure that rolls the whole job back, another record may come under
 * the id of one that no other task has seen since the checkpoint. So write by id, replacing what is
 * there ("upsert"), rather than only where nothing is there yet.
 *
 * <p>The ids are places on the channels into the sink's task. So the sink has to be the first
 * operator of its task, which {@code sink} of a stream sees to; where it is added in another way,
 * call {@code disableChain()}. Without recovery the ids are unique, and nothing comes again. A job
 * that counts at least once has no such ids, and the sink refuses to be opened there.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface IdempotentSinkFunction<T> extends SinkFunction<T> {

  /**
   * Called for each record, in the order of arrival, and again with the same id for those that the
   * last checkpoint does not cover if the task has to begin again there.
   *
   * @param recordId names the record: unique in the job, and over all jobs with an id of their own
   * @param value the record
   * @throws Exception to end the job
   */
  void sink(String recordId, T value) throws Exception;

  /** Not called: the engine knows the record's id and calls the other method. */
  @Override
  default void sink(T value) {
    throw new UnsupportedOperationException("the record's id is missing");
  }
}
