package org.anabranch.api.client;

import java.util.Map;
import java.util.Set;
import org.anabranch.api.Job;
import org.anabranch.api.graph.JobGraph;

/**
 * Submits jobs. Found with {@link java.util.ServiceLoader}: artifact {@code anabranch-client}
 * brings the one that talks to a gateway.
 */
public interface JobClient {

  /**
   * Submits a job.
   *
   * @param name name of the job
   * @param graph its operators and edges
   * @param config its options
   * @param types classes to be known by their own name
   * @throws org.anabranch.api.JobGraphException if the job is not valid
   */
  Job submit(String name, JobGraph graph, Map<String, String> config, Set<Class<?>> types);
}
