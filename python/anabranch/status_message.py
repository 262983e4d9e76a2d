"""The status of a job as it travels, and back."""

from __future__ import annotations

import time

from anabranch.job import CompletedCheckpoint, JobState, JobStatus, OperatorStatus, PendingCheckpoint
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA


def status_of(message: gateway.JobStatus) -> JobStatus:
    """Returns what a message tells of a job."""
    return JobStatus(
        job_id=message.job_id,
        name=message.job_name,
        state=JobState(message.state),
        seconds=((message.ended_ms or time.time() * 1000) - message.started_ms) / 1000,
        operators=tuple(
            OperatorStatus(
                operator.name,
                "Java" if operator.language == LANGUAGE_JAVA else "Python",
                operator.parallelism,
                operator.records_in,
                operator.records_out,
            )
            for operator in message.operators
        ),
        error=message.message or None,
        last_checkpoint=_completed(message.last_checkpoint) if message.HasField("last_checkpoint") else None,
        pending_checkpoint=_pending(message.pending_checkpoint) if message.HasField("pending_checkpoint") else None,
        failed_checkpoints=message.failed_checkpoints,
        recoveries=message.recoveries,
    )


def add_recovery(message: gateway.JobStatus, status: JobStatus) -> None:
    """Adds what is known of checkpoints and recoveries."""
    last, pending = status.last_checkpoint, status.pending_checkpoint
    if last is not None:
        message.last_checkpoint.CopyFrom(
            gateway.CompletedCheckpoint(
                number=last.number or 0,
                at_end=last.number is None,
                completed_ms=int(last.completed_at * 1000),
                duration_ms=int(last.duration * 1000),
            )
        )
    if pending is not None:
        message.pending_checkpoint.CopyFrom(
            gateway.PendingCheckpoint(
                number=pending.number or 0,
                at_end=pending.number is None,
                began_ms=int(pending.began_at * 1000),
                waits_for=pending.waits_for,
            )
        )
    message.failed_checkpoints = status.failed_checkpoints
    message.recoveries = status.recoveries


def _completed(message: gateway.CompletedCheckpoint) -> CompletedCheckpoint:
    number = None if message.at_end else message.number
    return CompletedCheckpoint(number, message.completed_ms / 1000, message.duration_ms / 1000)


def _pending(message: gateway.PendingCheckpoint) -> PendingCheckpoint:
    number = None if message.at_end else message.number
    return PendingCheckpoint(number, message.began_ms / 1000, tuple(message.waits_for))
