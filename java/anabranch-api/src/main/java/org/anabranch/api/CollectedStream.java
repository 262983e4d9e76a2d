package org.anabranch.api;

import java.util.List;
import org.anabranch.api.graph.JobGraph;

/**
 * Handle of a stream whose records come to this program.
 *
 * @param <T> type of the records
 */
public final class CollectedStream<T> {
  private final JobGraph graph;
  private final int operatorId;
  private Job job;

  CollectedStream(JobGraph graph, int operatorId) {
    this.graph = graph;
    this.operatorId = operatorId;
  }

  JobGraph graph() {
    return graph;
  }

  void submitted(Job submitted) {
    job = submitted;
  }

  /**
   * Waits for the job to finish and returns all records; those of one subtask in their order.
   *
   * @throws JobGraphException if the job was not submitted yet
   * @throws JobFailedException if the job failed
   * @throws JobCancelledException if the job was cancelled
   * @throws InterruptedException if the calling thread is interrupted; the job goes on
   */
  @SuppressWarnings("unchecked") // the stream's type is what its functions say
  public List<T> get() throws InterruptedException {
    if (job == null) {
      throw new JobGraphException("nothing was collected yet: submit or execute the job first");
    }
    job.await();
    return (List<T>) job.getCollected(operatorId);
  }
}
