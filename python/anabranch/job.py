"""The client's handle of a job."""

from __future__ import annotations

import enum
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anabranch.errors import AnabranchError, JobCancelledError
from anabranch.v1 import gateway_pb2 as gateway

_LONGEST_NAME = 100
_LARGEST_HASH_SEED = (1 << 32) - 1


def hash_seed() -> int:
    """Returns the PYTHONHASHSEED that all Python workers of a job have in common: that of this process if it has one.

    Else it is drawn for the job alone: Ray writes it to its logs, and data that collides needs it.
    """
    given = "" if sys.flags.ignore_environment else os.environ.get("PYTHONHASHSEED", "")
    if given.isascii() and given.isdigit() and int(given) <= _LARGEST_HASH_SEED:
        return int(given)
    return 1 + secrets.randbelow(_LARGEST_HASH_SEED)  # 0 would be no secret at all


def new_job_id(name: str) -> str:
    """Returns an id for a job of this name that no other job has; it does as the name of a file."""
    return f"{re.sub(r'[^A-Za-z0-9_]+', '-', name)[:_LONGEST_NAME]}-{secrets.token_hex(8)}"


class JobState(enum.Enum):
    """Life of a job.

    CREATED -> DEPLOYING -> RUNNING -> FINISHED
        |          |           |-----> FAILING -> FAILED
        '----------'-----------'-----> CANCELLING -> CANCELLED
    (A job may fail while it is deployed, and while it is cancelled.)
    """

    CREATED = gateway.JOB_STATE_CREATED
    DEPLOYING = gateway.JOB_STATE_DEPLOYING
    RUNNING = gateway.JOB_STATE_RUNNING
    CANCELLING = gateway.JOB_STATE_CANCELLING
    FAILING = gateway.JOB_STATE_FAILING
    FINISHED = gateway.JOB_STATE_FINISHED
    FAILED = gateway.JOB_STATE_FAILED
    CANCELLED = gateway.JOB_STATE_CANCELLED

    @property
    def ended(self) -> bool:
        """True for the last state of a job."""
        return self in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)

    def may_become(self, other: JobState) -> bool:
        """Returns whether the transition is legal."""
        return other in _TRANSITIONS[self]


_TRANSITIONS: dict[JobState, set[JobState]] = {
    JobState.CREATED: {JobState.DEPLOYING, JobState.CANCELLING, JobState.FAILING},
    JobState.DEPLOYING: {JobState.RUNNING, JobState.CANCELLING, JobState.FAILING},
    JobState.RUNNING: {JobState.FINISHED, JobState.CANCELLING, JobState.FAILING},
    JobState.CANCELLING: {JobState.CANCELLED, JobState.FAILED},
    JobState.FAILING: {JobState.FAILED},
    JobState.FINISHED: set(),
    JobState.FAILED: set(),
    JobState.CANCELLED: set(),
}


@dataclass(frozen=True)
class OperatorStatus:
    """Counters of one operator, summed over its subtasks."""

    name: str
    language: str
    parallelism: int
    records_in: int
    records_out: int


@dataclass(frozen=True)
class CompletedCheckpoint:
    """What a job can be rolled back to.

    Attributes:
        number: From 1; None for the checkpoint that is taken once all tasks have ended.
        completed_at: When it was complete, as `time.time` says it.
        duration: Seconds from its beginning until then.
    """

    number: int | None
    completed_at: float
    duration: float

    @property
    def age(self) -> float:
        """Seconds since it was complete."""
        return max(0.0, time.time() - self.completed_at)


@dataclass(frozen=True)
class PendingCheckpoint:
    """A checkpoint that has begun and is not complete.

    Attributes:
        number: From 1; None for the checkpoint that is taken once all tasks have ended.
        began_at: When it began, as `time.time` says it.
        waits_for: The tasks that have to take their part of it first. None: it is being written, or waits for the
            client to have what was collected before it.
    """

    number: int | None
    began_at: float
    waits_for: tuple[str, ...]

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return max(0.0, time.time() - self.began_at)


@dataclass(frozen=True)
class JobStatus:
    """What a job is doing.

    Attributes:
        state: Where in its life the job is.
        seconds: How long it has been running, or ran.
        operators: Counters, in the order of the job graph; at most one report interval old.
        error: Message of the error that ended the job, or None.
        last_checkpoint: The last complete checkpoint, or None.
        pending_checkpoint: The one that has begun and is not complete, or None.
        failed_checkpoints: How many have failed since the last complete one.
        recoveries: How often tasks were rolled back after a failure.
    """

    job_id: str
    name: str
    state: JobState
    seconds: float
    operators: tuple[OperatorStatus, ...]
    error: str | None = None
    last_checkpoint: CompletedCheckpoint | None = None
    pending_checkpoint: PendingCheckpoint | None = None
    failed_checkpoints: int = 0
    recoveries: int = 0


class Job:
    """A job that was submitted. All methods may be called from any thread."""

    def __init__(
        self,
        job_id: str,
        name: str,
        *,
        read_status: Callable[[], JobStatus],
        request_cancel: Callable[[], None],
        read_collected: Callable[[int], list[Any]],
    ) -> None:
        """Made by the host of the job, not by users."""
        self.id = job_id
        self.name = name
        self.observed = False
        self._pid = os.getpid()
        self._read_status = read_status
        self._request_cancel = request_cancel
        self._read_collected = read_collected
        self._ended = threading.Event()
        self._error: AnabranchError | None = None

    def wait(self, timeout: float | None = None) -> JobStatus:
        """Waits until the job has ended.

        Args:
            timeout: Seconds to wait at most; None waits for as long as it takes.

        Returns:
            The status of the finished job.

        Raises:
            JobFailedError: The job failed.
            JobCancelledError: The job was cancelled.
            TimeoutError: The job has not ended in time; it keeps running.
        """
        if os.getpid() != self._pid and not self.ended:
            raise AnabranchError(f"job {self.name} runs in the process that this one was forked from; wait there")
        if not self._ended.wait(timeout):
            raise TimeoutError(f"job {self.name} has not ended within {timeout} s; it is {self.status().state.name}")
        self.observed = True
        if self._error is not None:
            raise self._error
        return self.status()

    def status(self) -> JobStatus:
        """Returns what the job is doing."""
        return self._read_status()

    def cancel(self, timeout: float = 30.0) -> JobStatus:
        """Stops the job and waits until no process of it is left. Does nothing if the job has ended.

        Raises:
            TimeoutError: The job has not ended within `timeout` seconds.
        """
        self._request_cancel()
        try:
            return self.wait(timeout)
        except JobCancelledError:
            return self.status()

    def collected(self, operator_id: int) -> list[Any]:
        """Returns the records that a collect operator has sent so far; all of them once the job has finished.

        Records of one subtask keep their order.
        """
        return self._read_collected(operator_id)

    def end(self, error: AnabranchError | None) -> None:
        """Called by the host when the job has ended."""
        self._error = error
        self._ended.set()

    @property
    def ended(self) -> bool:
        """True once the job has ended, however it did."""
        return self._ended.is_set()

    def __repr__(self) -> str:
        return f"<Job {self.name} ({self.id}): {self.status().state.name}>"
