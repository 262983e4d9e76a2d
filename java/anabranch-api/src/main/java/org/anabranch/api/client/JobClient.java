package org.anabranch.api.client;

import org.anabranch.api.Job;

/**
 * Submits jobs. Found with {@link java.util.ServiceLoader}: artifact {@code anabranch-client}
 * brings the one that talks to a gateway.
 */
public interface JobClient {

  /**
   * Submits a job.
   *
   * @throws org.anabranch.api.JobGraphException if the job is not valid
   */
  Job submit(JobDescription job);
}
