"""The counters of a worker's tasks, for the master."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from anabranch.task.task import Task
from anabranch.v1.control_pb2 import OperatorCounters, TaskReport, WorkerReport


class _Glance(NamedTuple):
    """What is to be said of one task. Much cheaper to make and to compare than the message."""

    task_id: int
    counters: tuple[tuple[int, int, int], ...]  # of each operator its id, records in and records out
    busy_ms: int
    busy_at: str
    queued_input_frames: int
    queued_output_frames: int
    backpressured: bool
    log_bytes: int


class Reports:
    """Builds reports. Used by one thread; `report_of` by any."""

    def __init__(self, silence: float) -> None:
        """Creates a builder.

        Args:
            silence: After so many seconds an unchanged report is repeated, as a heartbeat.
        """
        self._silence = silence
        self._last: list[_Glance] = []
        self._said_at = 0.0

    def due(self, now: float, tasks: Iterable[Task]) -> WorkerReport | None:
        """Returns the report to send at time `now`, None if there is nothing to say."""
        glances = _glances(now, tasks)
        if glances == self._last and now - self._said_at < self._silence:
            return None
        self._last, self._said_at = glances, now
        return _message(glances)


def report_of(now: float, tasks: Iterable[Task]) -> WorkerReport:
    """Returns a report on these tasks."""
    return _message(_glances(now, tasks))


def _glances(now: float, tasks: Iterable[Task]) -> list[_Glance]:
    """Looks at the tasks while they run on.

    At consumers before their producers, whose numbers are lower, and at an operator's output before its input: so
    nothing seems to have taken more than was emitted, or to have emitted what it has not taken.
    """
    return [_glance(now, task) for task in sorted(tasks, key=lambda task: -task.descriptor.task_id)]


def _glance(now: float, task: Task) -> _Glance:
    work = task.work
    if work is None:  # its functions are being loaded
        return _Glance(task.descriptor.task_id, (), 0, "", 0, 0, backpressured=False, log_bytes=task.log_bytes)
    counters = []
    for operator in reversed(work.chain.operators):
        emitted = operator.records_out
        counters.append((operator.operator_id, operator.records_in, emitted))
    queued = work.output.queued_frames
    return _Glance(
        task.descriptor.task_id,
        tuple(reversed(counters)),
        *task.busy.look(now, work.busy_since, task.thread.ident),
        work.input.waiting,
        queued,
        work.output.full,
        task.log_bytes,
    )


def _message(glances: Iterable[_Glance]) -> WorkerReport:
    return WorkerReport(
        tasks=[
            TaskReport(
                task_id=glance.task_id,
                operators=[
                    OperatorCounters(operator_id=number, records_in=taken, records_out=emitted)
                    for number, taken, emitted in glance.counters
                ],
                busy_ms=glance.busy_ms,
                busy_at=glance.busy_at,
                queued_input_frames=glance.queued_input_frames,
                queued_output_frames=glance.queued_output_frames,
                backpressured=glance.backpressured,
                log_bytes=glance.log_bytes,
            )
            for glance in glances
        ]
    )
