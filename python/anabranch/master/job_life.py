"""How far a job is in its life, and how it ends."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from anabranch.errors import AnabranchError
from anabranch.job import JobState
from anabranch.master.job_log import JobLog
from anabranch.v1.control_pb2 import TaskError

logger = logging.getLogger(__name__)


class Phase(enum.Enum):
    """What a master is doing. Clients see the `JobState`, which has fewer values: theirs need not know of new phases.

    CREATED ------> DEPLOYING -> RUNNING -> COMMITTING -> FINISHED
        |               ^           '------------------------^
        '-> RECONNECTING

    Before its end a job may begin to fail, or be cancelled, in each of them.
    """

    CREATED = enum.auto()
    RECONNECTING = enum.auto()
    """The workers of a master that is gone are still to come, each with what its tasks have done."""
    DEPLOYING = enum.auto()
    RUNNING = enum.auto()
    COMMITTING = enum.auto()
    """All tasks have finished; the checkpoint at the end is being completed, and sinks commit what belongs to it."""
    CANCELLING = enum.auto()
    FAILING = enum.auto()
    FINISHED = enum.auto()
    FAILED = enum.auto()
    CANCELLED = enum.auto()

    @property
    def state(self) -> JobState:
        """What clients see."""
        return _STATES.get(self) or JobState[self.name]

    def may_become(self, other: Phase) -> bool:
        """Returns whether the transition is legal."""
        return other in _TRANSITIONS[self]


_STATES = {Phase.RECONNECTING: JobState.DEPLOYING, Phase.COMMITTING: JobState.RUNNING}
_ENDING = {Phase.CANCELLING, Phase.FAILING}
_TRANSITIONS: dict[Phase, set[Phase]] = {
    Phase.CREATED: {Phase.DEPLOYING, Phase.RECONNECTING} | _ENDING,
    Phase.RECONNECTING: {Phase.DEPLOYING} | _ENDING,
    Phase.DEPLOYING: {Phase.RUNNING} | _ENDING,
    Phase.RUNNING: {Phase.COMMITTING, Phase.FINISHED} | _ENDING,
    Phase.COMMITTING: {Phase.FINISHED} | _ENDING,
    Phase.CANCELLING: {Phase.CANCELLED, Phase.FAILED},
    Phase.FAILING: {Phase.FAILED},
    Phase.FINISHED: set(),
    Phase.FAILED: set(),
    Phase.CANCELLED: set(),
}


class JobLife:
    """The phase of a job, its outcome, and what is done beside all else.

    Attributes:
        phase: What the master is doing.
        recoverable: Failures of tasks and workers need not end the job: it has checkpoints.
        on_running: Called when the job begins to run.
        job_log: Of the job.
    """

    def __init__(self, job_id: str, log: JobLog, *, recoverable: bool) -> None:
        self.phase = Phase.CREATED
        self.recoverable = recoverable
        self.on_running: list[Callable[[], object]] = []
        self.job_log = log
        self._job_id = job_id
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_closed = False
        self._background: set[asyncio.Future[None]] = set()

    @property
    def state(self) -> JobState:
        """What clients see of the phase."""
        return self.phase.state

    @property
    def recovers(self) -> bool:
        """True while a failure has tasks begin again; at other times it ends the job."""
        return self.recoverable and self.state is JobState.RUNNING

    @property
    def is_decided(self) -> bool:
        """True once the outcome is known, though workers may still have to end."""
        return self._outcome.done()

    def enter(self, phase: Phase) -> None:
        """Enters a phase; a job that is being cancelled does not begin to fail."""
        if self.phase is Phase.CANCELLING and phase is Phase.FAILING:
            return
        assert self.phase.may_become(phase), f"{self.phase} -> {phase}"  # noqa: S101 - a mistake of ours
        logger.debug("job %s: %s -> %s", self._job_id, self.phase.name, phase.name)
        self.phase = phase
        if phase is Phase.RUNNING:
            for begin in self.on_running:
                begin()

    def warn(self, what: str) -> None:
        """Says what the user should know while the job goes on."""
        self.job_log.warn(what)

    async def outcome(self) -> None:
        """Waits until the job has done what it was to do.

        Raises:
            AnabranchError: It has failed, or was cancelled.
        """
        await self._outcome

    def succeed(self) -> None:
        """The job has done what it was to do, unless it was decided otherwise before."""
        if not self._outcome.done():
            self._outcome.set_result(None)

    def fail(self, what: str, error: TaskError | None = None) -> None:
        """Ends the job by an error, unless its outcome is known; see `JobLog.failure`."""
        self.end(self.job_log.failure(what, error))

    def fail_by(self, error: BaseException) -> None:
        """Ends the job because something else than a task has failed, unless its outcome is known."""
        self.end(self.job_log.failure_by(error))

    def cancel(self) -> None:
        """Cancels the job; harmless if it is ending already."""
        if not self._is_closed and self.phase.may_become(Phase.CANCELLING):
            self.enter(Phase.CANCELLING)
            self.end(self.job_log.cancelled())

    def close(self) -> None:
        """The job has done what it was to do, and nothing changes that any more: its workers are ended now.

        Raises:
            JobCancelledError: It was cancelled before that.
        """
        if self.phase is Phase.CANCELLING:
            raise self.job_log.cancelled()
        self._is_closed = True

    def end(self, error: AnabranchError) -> None:
        """Ends the job by an error, unless its outcome is known."""
        if not self._outcome.done():
            self._outcome.set_exception(error)

    def in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Does something beside all else. If it fails, so does the job: nobody else would notice."""
        task = asyncio.ensure_future(work)
        self._background.add(task)

        def on_done(done: asyncio.Future[None]) -> None:
            self._background.discard(done)
            error = None if done.cancelled() else done.exception()
            if error is not None:
                logger.error("job %s", self._job_id, exc_info=error)
                self.fail_by(error)

        task.add_done_callback(on_done)
        return task
