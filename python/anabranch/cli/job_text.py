"""What the command line says about jobs, for people."""

from __future__ import annotations

import time
from collections.abc import Sequence

from anabranch.checkpoint.numbers import FINAL, checkpoint_name
from anabranch.job import JobState
from anabranch.v1 import gateway_pb2 as gateway

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def state_name(job: gateway.JobStatus) -> str:
    """Returns the state as it is written in messages."""
    return str(gateway.JobState.Name(job.state)).removeprefix("JOB_STATE_")


def has_ended(job: gateway.JobStatus) -> bool:
    """Returns whether the job is in its last state."""
    return JobState(job.state).ended


def listed(jobs: Sequence[gateway.JobStatus]) -> list[str]:
    """Returns a line for each job: its id and state, when it was started, how long it has run, its name."""
    heads = [f"{job.job_id}  {state_name(job)}" for job in jobs]
    width = max(map(len, heads), default=0)
    return [
        f"{head:<{width}}  {_clock(job.started_ms)}  {duration(_seconds(job)):>7}  {job.job_name}"
        for head, job in zip(heads, jobs, strict=True)
    ]


def described(job: gateway.JobStatus) -> str:
    """Returns state, counters, checkpoints and recoveries of a job, and the error that has ended it."""
    lines = [f"{job.job_id}  {state_name(job)}  started {_clock(job.started_ms)}, {duration(_seconds(job))}"]
    lines += [
        f"  {operator.name}: {operator.records_in} in, {operator.records_out} out, parallelism {operator.parallelism}"
        for operator in job.operators
    ]
    if len(job.operators) > 1:
        taken, emitted = sum(each.records_in for each in job.operators), sum(each.records_out for each in job.operators)
        lines.append(f"  all {len(job.operators)} operators: {taken} in, {emitted} out")
    lines += [f"  {line}" for line in _recovery(job)]
    return "\n".join([*lines, job.message] if job.message else lines)


def duration(seconds: float) -> str:
    """Returns a duration in the two largest units that it has."""
    if seconds < _MINUTE:
        return f"{max(0.0, seconds):.1f}s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)}m {int(seconds % _MINUTE)}s"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)}h {int(seconds % _HOUR // _MINUTE)}m"
    return f"{int(seconds // _DAY)}d {int(seconds % _DAY // _HOUR)}h"


def _recovery(job: gateway.JobStatus) -> list[str]:
    lines = []
    if job.HasField("last_checkpoint"):
        last = job.last_checkpoint
        took = f"{duration(_since(last.completed_ms))} ago, took {duration(last.duration_ms / 1000)}"
        lines.append(f"last checkpoint: {_checkpoint(last)}, {took}")
    if job.HasField("pending_checkpoint"):
        pending = job.pending_checkpoint
        what = f"waits for {', '.join(pending.waits_for)}" if pending.waits_for else "is being written"
        lines.append(
            f"pending checkpoint: {_checkpoint(pending)}, begun {duration(_since(pending.began_ms))} ago, {what}"
        )
    if job.failed_checkpoints:
        lines.append(f"failed checkpoints since the last one: {job.failed_checkpoints}")
    if job.recoveries:
        lines.append(f"recoveries: {job.recoveries}")
    return lines


def _checkpoint(checkpoint: gateway.CompletedCheckpoint | gateway.PendingCheckpoint) -> str:
    return checkpoint_name(FINAL) if checkpoint.at_end else str(checkpoint.number)


def _seconds(job: gateway.JobStatus) -> float:
    return ((job.ended_ms or time.time() * 1000) - job.started_ms) / 1000


def _since(at_ms: int) -> float:
    return time.time() - at_ms / 1000


def _clock(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000))
