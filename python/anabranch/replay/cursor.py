"""Reading a recovered log of determinants while its task does once more what it did before its failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from anabranch.replay.errors import NondeterminismError
from anabranch.v1.record_pb2 import Determinant

Kind = Literal[
    "order",
    "source_read",
    "timer",
    "time",
    "value",
    "async_done",
    "flush",
    "clock_watermark",
    "checkpoint",
    "ignore",
]


class ReplayCursor:
    """Hands out the entries of one log, one after the other.

    An entry of a later epoch waits until the task has come to that epoch. The log may end in the middle of an input
    frame: whoever needs a determinant looks at `exhausted` first, each time, and continues live once it is true.
    """

    def __init__(self, task: str, log: Mapping[int, Sequence[Determinant]], epoch: int) -> None:
        """Begins at `epoch`, the checkpoint that the task was restored from.

        Args:
            task: The task, as users know it, for error messages.
            log: Entries by epoch; those of epochs before `epoch` are not needed.
            epoch: The first epoch to replay.
        """
        self._task = task
        self._log = log
        self._last_epoch = max((held for held in log if log[held]), default=epoch)
        self._enter(epoch)

    @property
    def position(self) -> tuple[int, int]:
        """Epoch, and index in the epoch, of the next entry."""
        return self._epoch, self._index

    @property
    def exhausted(self) -> bool:
        """True once no entry is left in this epoch or a later one."""
        return self._epoch >= self._last_epoch and self._index == len(self._entries)

    def peek(self) -> Determinant | None:
        """Returns the next entry of this epoch, or None if there is none."""
        return self._entries[self._index] if self._index < len(self._entries) else None

    def next(self) -> Determinant:
        """Returns the next entry of this epoch and moves to the one after it.

        Raises:
            LookupError: This epoch has no entry left.
        """
        entry = self.peek()
        if entry is None:
            raise LookupError(f"the log of {self._task} has no entry {self._index} in epoch {self._epoch}")
        self._index += 1
        return entry

    def expect(self, kind: Kind) -> Determinant:
        """Returns the next entry, which the task says is of this kind, and moves to the one after it.

        Raises:
            NondeterminismError: It is of another kind, or this epoch has no entry left. The cursor stays.
        """
        entry = self.peek()
        if entry is None or entry.WhichOneof("kind") != kind:
            raise self._mismatch(kind)
        self._index += 1
        return entry

    def begin_epoch(self, epoch: int) -> None:
        """Moves to the entries of the epoch that the task has come to.

        Raises:
            NondeterminismError: This epoch still has entries, or one was skipped that has.
        """
        if self.peek() is not None or any(self._log.get(passed) for passed in range(self._epoch + 1, epoch)):
            raise self._mismatch(f"barrier {epoch}")
        self._enter(epoch)

    def _enter(self, epoch: int) -> None:
        self._epoch = epoch
        self._entries = self._log.get(epoch, ())
        self._index = 0

    def _mismatch(self, expected: str) -> NondeterminismError:
        entry = self.peek()
        found = f"the end of epoch {self._epoch}" if entry is None else entry.WhichOneof("kind") or "an unknown kind"
        return NondeterminismError(self._task, self.position, expected, found)
