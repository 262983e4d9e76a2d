package org.anabranch.runtime.worker;

import java.util.Collection;
import java.util.Comparator;
import org.anabranch.proto.v1.WorkerReport;
import org.anabranch.runtime.task.Task;

/** Builds the reports of a worker on its tasks. Used by one thread; {@link #on} by any. */
final class Reports {
  private final long silenceNanos;
  private WorkerReport last;
  private long saidAt;

  /**
   * Creates a builder.
   *
   * @param silenceNanos after so long an unchanged report is repeated, as a heartbeat
   */
  Reports(long silenceNanos) {
    this.silenceNanos = silenceNanos;
  }

  /** Returns the report to send at time {@code now}; null if there is nothing to say. */
  WorkerReport due(long now, Collection<Task> tasks) {
    WorkerReport report = on(tasks);
    if (report.equals(last) && now - saidAt < silenceNanos) {
      return null;
    }
    last = report;
    saidAt = now;
    return report;
  }

  /**
   * Returns a report on these tasks, while they run on.
   *
   * <p>It looks at consumers before their producers, whose numbers are lower: so nothing seems to
   * have taken more than was emitted.
   */
  static WorkerReport on(Collection<Task> tasks) {
    WorkerReport.Builder report = WorkerReport.newBuilder();
    tasks.stream()
        .sorted(Comparator.comparingInt((Task task) -> task.descriptor().getTaskId()).reversed())
        .forEach(task -> report.addTasks(task.report()));
    return report.build();
  }
}
