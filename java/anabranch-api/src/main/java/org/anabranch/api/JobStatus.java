package org.anabranch.api;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a job is doing.
 *
 * @param id the job's id
 * @param name the job's name
 * @param state where in its life it is
 * @param duration how long it has been running, or ran
 * @param operators counters, in the order of the job graph; at most one report interval old
 * @param error message of the error that ended the job
 * @param lastCheckpoint the last complete checkpoint
 * @param pendingCheckpoint the one that has begun and is not complete
 * @param failedCheckpoints how many have failed since the last complete one
 * @param recoveries how often tasks were rolled back after a failure
 */
public record JobStatus(
    String id,
    String name,
    JobState state,
    Duration duration,
    List<OperatorStatus> operators,
    Optional<String> error,
    Optional<CompletedCheckpoint> lastCheckpoint,
    Optional<PendingCheckpoint> pendingCheckpoint,
    int failedCheckpoints,
    int recoveries) {

  /** Copies the list. */
  public JobStatus {
    operators = List.copyOf(operators);
  }
}
