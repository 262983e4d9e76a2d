package org.anabranch.runtime.task;

import org.anabranch.proto.v1.CollectedBatch;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskError;

/** Where a task reports to. Called on the task's thread, unless it says otherwise. */
public interface TaskListener {

  /** The task waits to be connected; the endpoint is null if it has no output. */
  void deployed(Task task, Endpoint endpoint);

  /**
   * The task has taken its part of a checkpoint. Called on any thread; for the checkpoints of one
   * task in their order.
   */
  void checkpoint(Task task, TaskCheckpoint checkpoint);

  /** The sinks of the task have committed what belongs to a checkpoint. */
  void committed(Task task, long checkpoint);

  /** A collect operator of the task has records for the client. */
  void collected(CollectedBatch batch);

  /** The task has entered a state; the error is null unless it has failed. */
  void entered(Task task, Lifecycle state, TaskError error);
}
