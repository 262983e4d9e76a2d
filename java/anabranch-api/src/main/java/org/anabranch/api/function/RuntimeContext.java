package org.anabranch.api.function;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;

/**
 * What a function can know about where it runs. Each operator has its own, in a chain too.
 *
 * <p>In a job with checkpoints a task that is lost is run again from the last one, and has to come
 * to the same records. What may differ from run to run is therefore to be asked of {@link #now},
 * {@link #random} and {@link #nondeterministic}, which answer the second run as they did the first.
 * They are for the task's thread only.
 */
public interface RuntimeContext {
  /** Returns the job's id, which no other job has. */
  String getJobId();

  /**
   * Returns how many times this subtask was begun before, after failures: greater in each new
   * process.
   */
  int getIncarnation();

  /** Returns the task's id, unique in the job. Chained operators share a task. */
  int getTaskId();

  /** Returns the parallel index of this subtask, from 0. */
  int getTaskIndex();

  /** Returns the number of subtasks of the operator. */
  int getParallelism();

  /** Returns the operator's id, unique in the job. */
  int getOperatorId();

  /** Returns the operator's name, unique in the job. */
  String getOperatorName();

  /** Returns the operator's configuration on top of the job's; unmodifiable. */
  Map<String, String> getConfig();

  /** Returns the job's configuration: every option, those of the user's own too; unmodifiable. */
  Map<String, String> getJobConfig();

  /**
   * Returns the time in milliseconds since 1970-01-01T00:00Z. In mode exactly_once it stands still
   * while one batch is handled, or one {@code fetch} is made.
   */
  long now();

  /**
   * Calls something whose result depends on more than the records: a service, a file, the
   * environment. A task that is run again is given the result of the first run without a call.
   *
   * @param call what it throws is passed on, and thrown again in the second run
   * @return its result, a value that could be a record
   * @throws Exception what the call throws
   */
  <T> T nondeterministic(Callable<T> call) throws Exception;

  /**
   * Returns the subtask's own source of random numbers, always the same object. A task that is run
   * again draws the same ones.
   */
  RandomGenerator random();
}
