package org.anabranch.api.function;

import java.util.Map;

/** What a function can know about where it runs. Each operator has its own, in a chain too. */
public interface RuntimeContext {

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
}
