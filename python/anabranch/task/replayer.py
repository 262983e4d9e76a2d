"""Has a task do again what an incarnation before it did."""

from __future__ import annotations

from typing import Literal

from anabranch.replay.cursor import ReplayCursor
from anabranch.replay.errors import NondeterminismError
from anabranch.task.task_logs import TaskLogs
from anabranch.v1.record_pb2 import Determinant


class Replayer:
    """Hands out the recovered log entry by entry. What was done again goes into the new log, as it is."""

    def __init__(self, task: str, task_id: int, logs: TaskLogs) -> None:
        """Takes what consumers held of the log of the task.

        Args:
            task: What messages call the task.
            task_id: The task.
            logs: The task's logs.
        """
        self._task = task
        self._logs = logs
        self._cursor = ReplayCursor(task, logs.held.take(task_id), logs.epoch)

    @property
    def over(self) -> bool:
        """True once everything was done again."""
        return self._cursor.exhausted

    def next(self) -> Determinant | None:
        """Returns what is to be done next; None once everything was done again.

        Raises:
            NondeterminismError: The epoch goes on, and its log does not.
        """
        if self._cursor.exhausted:
            return None
        entry = self._cursor.peek()
        if entry is None:
            raise self.diverged("a barrier", "more input")
        return entry

    @property
    def answers_next(self) -> bool:
        """True if what is to be done next is to answer a question of user code."""
        entry = self.next()
        return entry is not None and entry.WhichOneof("kind") in ("time", "value")

    def take(self) -> None:
        """Takes the entry that `next` has returned: it was done again."""
        self._logs.append(self._cursor.next())

    def take_order(self, emitted: int) -> None:
        """Takes the entry for an input, before which the task has emitted so many records in this epoch.

        Raises:
            NondeterminismError: It was another number before the failure.
        """
        entry = self._cursor.peek()
        if entry is not None and entry.order.emitted != emitted:
            raise self.diverged(f"it with {emitted} records emitted", f"{entry.order.emitted}")
        self.take()

    def take_answer(self, kind: Literal["time", "value"]) -> Determinant:
        """Takes the answer to a question of user code.

        Raises:
            NondeterminismError: Something else was done before the failure.
        """
        entry = self._cursor.expect(kind)
        self._logs.append(entry)
        return entry

    def begin_epoch(self, number: int) -> None:
        """Goes on to the entries of an epoch."""
        self._cursor.begin_epoch(number)

    def mismatch(self, expected: str) -> NondeterminismError:
        """Returns the error for a task that comes to something else than its log has next."""
        entry = self._cursor.peek()
        return self.diverged(expected, "nothing" if entry is None else str(entry.WhichOneof("kind")))

    def diverged(self, expected: str, found: str) -> NondeterminismError:
        """Returns the error for a task that comes to `expected` where its log has `found`."""
        return NondeterminismError(self._task, self._logs.position, expected, found)
