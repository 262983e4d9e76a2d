"""Logs what a task does, so that a new incarnation can do the same; or, while it does so, follows the old log."""

from __future__ import annotations

from typing import Literal

from anabranch.task.replayer import Replayer
from anabranch.task.task_logs import TaskLogs
from anabranch.v1.record_pb2 import Determinant


class Recorder:
    """Appends an entry for each choice of the task: which input it takes, how often it fetches, what it answers.

    Attributes:
        replayer: What the task follows while it does again what it did before its failure; None: it is live.
        fetches: Calls of fetch since the last entry.
    """

    def __init__(self, logs: TaskLogs, *, keeps: bool) -> None:
        """Makes the recorder of a task.

        Args:
            logs: Where the entries go.
            keeps: Whether anybody holds the log: a task without consumers need not keep one.
        """
        self.replayer: Replayer | None = None
        self.fetches = 0
        self._logs = logs
        self._keeps = keeps

    def input(self, channel: int, records: int, emitted: int) -> None:
        """So many records of a channel, or a control frame (0), are about to be handled.

        Args:
            channel: The channel.
            records: The number of records.
            emitted: How many records the task has emitted in this epoch.
        """
        if self.replayer is not None:
            self.replayer.take_order(emitted)
        elif self._keeps:
            order = Determinant.Order(channel=channel, records=records, emitted=emitted)
            self._logs.append(Determinant(order=order))

    def fetched(self) -> None:
        """A call of fetch is over."""
        self.fetches += 1

    def fetched_again(self) -> None:
        """All calls that the next entry of the log stands for were made again."""
        assert self.replayer is not None  # noqa: S101 - only then there is something to do again
        self.fetches = 0
        self.replayer.take()

    def wants(self, records: int) -> None:
        """A source is asked for so many records from the next call of fetch on."""
        self.append(Determinant(source_read=Determinant.SourceRead(wanted=records)))

    def checkpoint(self, number: int) -> None:
        """The task takes a checkpoint here, without a barrier."""
        if self.replayer is not None:
            self.replayer.take()
        else:
            self.append(Determinant(checkpoint=Determinant.Checkpoint(number=number)))

    def append(self, entry: Determinant) -> None:
        """Logs an entry, and the calls of fetch before it."""
        if not self._keeps:
            return
        if self.fetches:
            self._logs.append(Determinant(source_read=Determinant.SourceRead(fetches=self.fetches)))
            self.fetches = 0
        self._logs.append(entry)

    def replayed(self, kind: Literal["time", "value"]) -> Determinant | None:
        """Returns what user code was answered before the failure; None if the task is live."""
        if self.replayer is None or self.replayer.over:
            return None
        entry = self.replayer.take_answer(kind)
        self.fetches = 0  # those before it have an entry of their own
        return entry

    def enter_epoch(self, number: int) -> None:
        """The barrier of a checkpoint is about to be sent."""
        self._logs.begin_epoch(number)
        if self.replayer is not None:
            self.replayer.begin_epoch(number)
