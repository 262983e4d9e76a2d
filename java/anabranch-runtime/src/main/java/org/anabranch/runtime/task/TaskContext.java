package org.anabranch.runtime.task;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.task.run.Choices;

/** What a user's function is told about where it runs; every operator of a chain has its own. */
final class TaskContext implements RuntimeContext {
  private final TaskDescriptor task;
  private final Operator operator;
  private final String jobId;
  private final Map<String, String> jobConfig;
  private final Map<String, String> config;
  private final Choices choices;
  private final RandomGenerator random;

  TaskContext(TaskDescriptor task, Operator operator, JobContext job, Choices choices) {
    this.task = task;
    this.operator = operator;
    this.jobId = job.exchange().jobId();
    this.jobConfig = job.options().values();
    Map<String, String> overlaid = new HashMap<>(jobConfig);
    overlaid.putAll(operator.getConfigMap());
    this.config = Map.copyOf(overlaid);
    this.choices = choices;
    this.random =
        new EpochRandom(job.exchange().jobId(), operator.getId(), task.getSubtask(), choices);
  }

  @Override
  public String getJobId() {
    return jobId;
  }

  @Override
  public int getIncarnation() {
    return task.getIncarnation();
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

  @Override
  public long now() {
    return choices.now();
  }

  @Override
  public <T> T nondeterministic(Callable<T> call) throws Exception {
    return choices.value(call);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }
}
