package com.acme.flink;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The mini cluster in which the jobs run. */
final class Environments {
  private Environments() {}

  /** Creates one without checkpoints, with reuse of objects: the fast settings. */
  static StreamExecutionEnvironment local(int parallelism) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(JobManagerOptions.PORT, 0);
    return StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
  }
}
