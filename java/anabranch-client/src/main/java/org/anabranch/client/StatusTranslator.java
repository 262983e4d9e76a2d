package org.anabranch.client;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.anabranch.api.CompletedCheckpoint;
import org.anabranch.api.JobState;
import org.anabranch.api.JobStatus;
import org.anabranch.api.OperatorStatus;
import org.anabranch.api.PendingCheckpoint;
import org.anabranch.proto.v1.Language;

/** Reads what a gateway tells of a job. */
final class StatusTranslator {
  private StatusTranslator() {}

  static JobState state(org.anabranch.proto.v1.JobStatus status) {
    return JobState.valueOf(status.getState().name().replace("JOB_STATE_", ""));
  }

  static JobStatus status(org.anabranch.proto.v1.JobStatus status) {
    long until = status.getEndedMs() == 0 ? System.currentTimeMillis() : status.getEndedMs();
    return new JobStatus(
        status.getJobId(),
        status.getJobName(),
        state(status),
        Duration.ofMillis(Math.max(0, until - status.getStartedMs())),
        status.getOperatorsList().stream().map(StatusTranslator::operator).toList(),
        Optional.of(status.getMessage()).filter(message -> !message.isEmpty()),
        status.hasLastCheckpoint()
            ? Optional.of(completed(status.getLastCheckpoint()))
            : Optional.empty(),
        status.hasPendingCheckpoint()
            ? Optional.of(pending(status.getPendingCheckpoint()))
            : Optional.empty(),
        status.getFailedCheckpoints(),
        status.getRecoveries());
  }

  private static OperatorStatus operator(org.anabranch.proto.v1.OperatorStatus operator) {
    return new OperatorStatus(
        operator.getName(),
        operator.getLanguage() == Language.LANGUAGE_JAVA ? "Java" : "Python",
        operator.getParallelism(),
        operator.getRecordsIn(),
        operator.getRecordsOut());
  }

  private static CompletedCheckpoint completed(
      org.anabranch.proto.v1.CompletedCheckpoint checkpoint) {
    return new CompletedCheckpoint(
        number(checkpoint.getNumber(), checkpoint.getAtEnd()),
        Instant.ofEpochMilli(checkpoint.getCompletedMs()),
        Duration.ofMillis(checkpoint.getDurationMs()));
  }

  private static PendingCheckpoint pending(org.anabranch.proto.v1.PendingCheckpoint checkpoint) {
    return new PendingCheckpoint(
        number(checkpoint.getNumber(), checkpoint.getAtEnd()),
        Instant.ofEpochMilli(checkpoint.getBeganMs()),
        checkpoint.getWaitsForList());
  }

  private static OptionalLong number(long number, boolean atEnd) {
    return atEnd ? OptionalLong.empty() : OptionalLong.of(number);
  }
}
