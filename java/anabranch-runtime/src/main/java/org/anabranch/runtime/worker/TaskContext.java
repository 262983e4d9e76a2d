package org.anabranch.runtime.worker;

import java.util.HashMap;
import java.util.Map;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.TaskDescriptor;

/** What a user's function is told about where it runs; every operator of a chain has its own. */
final class TaskContext implements RuntimeContext {
  private final TaskDescriptor task;
  private final Operator operator;
  private final Map<String, String> jobConfig;
  private final Map<String, String> config;

  TaskContext(TaskDescriptor task, Operator operator, Options options) {
    this.task = task;
    this.operator = operator;
    this.jobConfig = options.values();
    Map<String, String> overlaid = new HashMap<>(jobConfig);
    overlaid.putAll(operator.getConfigMap());
    this.config = Map.copyOf(overlaid);
  }

  @Override
  public int getTaskId() {
    return task.getTaskId();
  }

  @Override
  public int getTaskIndex() {
    return task.getSubtask();
  }

  @Override
  public int getParallelism() {
    return task.getParallelism();
  }

  @Override
  public int getOperatorId() {
    return operator.getId();
  }

  @Override
  public String getOperatorName() {
    return operator.getName();
  }

  @Override
  public Map<String, String> getConfig() {
    return config;
  }

  @Override
  public Map<String, String> getJobConfig() {
    return jobConfig;
  }
}
