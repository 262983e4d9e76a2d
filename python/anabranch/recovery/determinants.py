"""Logs of determinants: a task's own, its copies of the logs upstream, and what each channel has passed on.

A log is a list of entries per epoch and grows at its end only. Everything a task holds of another task's log is a
beginning of it, because every channel passes entries on in order: of two copies, the longer one has all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence

from anabranch.v1.record_pb2 import Determinant, LogDelta


class DeterminantLog:
    """What one task did that a re-run could do otherwise, in order, since the oldest retained epoch."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self._current: list[Determinant] = []
        self._by_epoch = {epoch: self._current}

    def append(self, determinant: Determinant) -> None:
        """Adds an entry to the current epoch."""
        self._current.append(determinant)

    def begin_epoch(self, epoch: int) -> None:
        """Closes the current epoch; entries belong to this one from now on.

        Raises:
            ValueError: `epoch` does not lie after the current one.
        """
        if epoch <= self.epoch:
            raise ValueError(f"epoch {epoch} cannot follow epoch {self.epoch}")
        self.epoch = epoch
        self._current = self._by_epoch[epoch] = []

    def entries(self, epoch: int, start: int = 0) -> list[Determinant]:
        """Returns the entries of an epoch from index `start` on; none if the epoch is not held."""
        return self._by_epoch.get(epoch, [])[start:]

    def length(self, epoch: int) -> int:
        """Returns the number of entries of an epoch; 0 if it is not held."""
        return len(self._by_epoch.get(epoch, ()))

    def drop_before(self, epoch: int) -> None:
        """Forgets all epochs before this one; the current epoch stays whatever happens."""
        _drop_before(self._by_epoch, min(epoch, self.epoch))

    def deltas_after(self, task: int, epoch: int, index: int) -> list[LogDelta]:
        """Returns what follows index `index` of `epoch`, as entries of `task`'s log."""
        return _deltas_after(task, self._by_epoch, epoch, index)


class HeldLogs:
    """Copies of the logs of upstream tasks, as far as their determinants have come here."""

    def __init__(self) -> None:
        self.version = 0  # number of merges that brought anything
        self._logs: dict[int, dict[int, list[Determinant]]] = {}
        self._changed: OrderedDict[int, int] = OrderedDict()  # version of each task's last change, oldest first
        self._first_epoch = 0

    def merge(self, delta: LogDelta) -> None:
        """Adds the entries that are not here yet. Epochs that were dropped stay dropped.

        Raises:
            ValueError: Entries before those of the delta are missing: the sender broke the protocol.
        """
        self._extend(delta.task, delta.epoch, delta.offset, delta.entries)

    def merge_longest(self, task: int, log: Mapping[int, Sequence[Determinant]]) -> None:
        """Takes another copy of a task's log in: of each epoch, the longer one stays."""
        for epoch in sorted(log):
            self._extend(task, epoch, 0, log[epoch])

    def log_of(self, task: int) -> dict[int, list[Determinant]]:
        """Returns a copy of what is held of a task's log: entries by epoch, oldest epoch first."""
        log = self._logs.get(task, {})
        return {epoch: list(log[epoch]) for epoch in sorted(log)}

    @property
    def tasks(self) -> Collection[int]:
        """The tasks whose logs something is held of."""
        return self._logs.keys()

    def lengths(self, task: int) -> dict[int, int]:
        """Returns how many entries are held of each epoch of a task's log, oldest epoch first."""
        log = self._logs.get(task, {})
        return {epoch: len(log[epoch]) for epoch in sorted(log)}

    def drop_before(self, epoch: int) -> None:
        """Forgets all epochs before this one."""
        self._first_epoch = max(self._first_epoch, epoch)
        for log in self._logs.values():
            _drop_before(log, epoch)

    def changed_since(self, version: int) -> Iterator[int]:
        """Returns the tasks whose logs have grown since `version`, in time proportional to their number."""
        for task in reversed(self._changed):
            if self._changed[task] <= version:
                return
            yield task

    def deltas_after(self, task: int, epoch: int, index: int) -> list[LogDelta]:
        """Returns what is held of `task`'s log after index `index` of `epoch`."""
        return _deltas_after(task, self._logs.get(task, {}), epoch, index)

    def _extend(self, task: int, epoch: int, offset: int, entries: Sequence[Determinant]) -> None:
        if epoch < self._first_epoch:
            return
        held = len(self._logs.get(task, {}).get(epoch, ()))
        if offset > held:
            raise ValueError(f"task {task}, epoch {epoch}: determinant {held} should come next, {offset} has come")
        new = entries[held - offset :]
        if new:
            self._logs.setdefault(task, {}).setdefault(epoch, []).extend(new)
            self.version += 1
            self._changed[task] = self.version
            self._changed.move_to_end(task)


class Piggyback:
    """What one outgoing channel has passed on of each log: a position in an epoch; all before it was sent.

    Frames leave with, or after, every determinant logged before them if each takes the deltas that are due.
    """

    def __init__(self, shared: Collection[int] | None = None, epoch: int = 0) -> None:
        """Takes the upstream tasks that lie within the sharing depth of the consumer; None: all whose logs are held."""
        self._shared = shared
        self._start = (epoch, 0)  # of logs that nothing was sent of
        self._sent: dict[int, tuple[int, int]] = {}
        self._seen = 0  # version of the held logs at the last call

    def deltas(self, own_task: int, own_log: DeterminantLog, held: HeldLogs) -> list[LogDelta]:
        """Returns everything that was not sent yet, and takes it as sent.

        Needs time for what is new only, however many logs are held. `held` must be the same object in every call.
        """
        due: list[LogDelta] = []
        end = (own_log.epoch, own_log.length(own_log.epoch))
        position = self._sent.get(own_task, self._start)
        if position < end:
            due += own_log.deltas_after(own_task, *position)
            self._sent[own_task] = end
        if self._seen != held.version:
            for task in held.changed_since(self._seen):
                if self._shared is None or task in self._shared:
                    new = held.deltas_after(task, *self._sent.get(task, self._start))
                    if new:
                        self._sent[task] = (new[-1].epoch, new[-1].offset + len(new[-1].entries))
                        due += new
            self._seen = held.version
        return due

    def reset(self, epoch: int) -> None:
        """Takes everything from the beginning of `epoch` on as not sent: the consumer has recovered to there."""
        self._start = (epoch, 0)
        self._sent.clear()
        self._seen = 0

    def set_sent(self, task: int, epoch: int, index: int) -> None:
        """Takes everything before `index` of `epoch` of a task's log as sent, and nothing after it."""
        self._sent[task] = (epoch, index)
        self._seen = 0


def _drop_before(log: dict[int, list[Determinant]], epoch: int) -> None:
    for old in [held for held in log if held < epoch]:
        del log[old]


def _deltas_after(task: int, log: Mapping[int, list[Determinant]], epoch: int, index: int) -> list[LogDelta]:
    deltas = []
    for later in sorted(held for held in log if held >= epoch):
        offset = index if later == epoch else 0
        entries = log[later][offset:]
        if entries:
            deltas.append(LogDelta(task=task, epoch=later, offset=offset, entries=entries))
    return deltas
