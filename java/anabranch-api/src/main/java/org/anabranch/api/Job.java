package org.anabranch.api;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;

/** A job that was submitted. All methods may be called from any thread. */
public interface Job {

  /** Returns the job's id, unique in its gateway. */
  String getId();

  /** Returns the job's name. */
  String getName();

  /**
   * Returns where in its life the job is.
   *
   * @throws JobFailedException if its gateway is gone, and with it the job
   */
  JobState getState();

  /** Returns the execution plan, for people: the tasks, and the operators that each one chains. */
  String explain();

  /**
   * Returns what a collect operator has sent; see {@link CollectedStream#get}.
   *
   * @throws IllegalStateException if the job has not finished
   */
  List<Object> getCollected(int operatorId);

  /**
   * Returns what the job is doing: counters of its operators, its checkpoints and recoveries.
   *
   * @throws JobFailedException if its gateway is gone, and with it the job
   */
  JobStatus getStatus();

  /**
   * Waits until the job has finished.
   *
   * @throws JobFailedException if the job failed
   * @throws JobCancelledException if the job was cancelled
   * @throws InterruptedException if the calling thread is interrupted; the job goes on
   */
  void await() throws InterruptedException;

  /**
   * Waits until the job has finished, for a limited time.
   *
   * @throws TimeoutException if the job has not ended in time; it goes on
   * @throws JobFailedException if the job failed
   * @throws JobCancelledException if the job was cancelled
   * @throws InterruptedException if the calling thread is interrupted; the job goes on
   */
  void await(Duration timeout) throws InterruptedException, TimeoutException;

  /** Stops the job and waits until no process of it is left. Does nothing if it has ended. */
  void cancel();
}
