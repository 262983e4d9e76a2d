"""Logs of determinants: a task's own, its copies of the logs upstream, and what each channel has passed on.

A log is a list of entries per epoch and grows at its end only. Everything a task holds of another task's log is a
beginning of it, because every channel passes entries on in order: of two copies, the longer one has all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence

from anabranch.v1.record_pb2 import Determinant, LogDelta

# What goes into one frame or message of determinants alone, unless a single one is larger.
_PIECE_BYTES = 256 << 10
# Besides the entries a frame has its own header, and for each log a task, an epoch and an offset.
_HEADER_BYTES = 256
_LOG_BYTES = 40
# What an entry takes in memory besides its encoding; an estimate.
_OBJECT_BYTES = 100


def piece_bytes(max_frame_bytes: int) -> int:
    """Returns how many bytes of entries a frame may carry, one entry excepted."""
    return min(_PIECE_BYTES, max_entry_bytes(max_frame_bytes))


def max_entry_bytes(max_frame_bytes: int) -> int:
    """Returns how large an entry may be so that it fits into a frame."""
    return max_frame_bytes - _HEADER_BYTES


class DeterminantLog:
    """What one task did that a re-run could do otherwise, in order, since the oldest retained epoch.

    Attributes:
        epoch: The current epoch.
        memory_bytes: What the entries take in memory, about.
        added_bytes: The same, with those that were dropped.
    """

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self.memory_bytes = 0
        self.added_bytes = 0
        self._current: list[Determinant] = []
        self._by_epoch = {epoch: self._current}

    def append(self, determinant: Determinant) -> None:
        """Adds an entry to the current epoch."""
        self._current.append(determinant)
        n_bytes = _memory_of(determinant)
        self.memory_bytes += n_bytes
        self.added_bytes += n_bytes

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
        self.memory_bytes -= _drop_before(self._by_epoch, min(epoch, self.epoch))

    def fill(self, piece: Piece, task: int, position: tuple[int, int]) -> tuple[int, int]:
        """Adds what follows a position, as far as there is room; returns the position up to which all was added."""
        return piece.add(task, self._by_epoch, position)


class Piece:
    """Entries of several logs that go into one frame: as many as there is room for, and one if it is larger.

    Attributes:
        deltas: The entries, as parts of their logs.
        full: True if there was something for which no room was left.
        n_bytes: What the entries take.
    """

    def __init__(self, room: int) -> None:
        self.deltas: list[LogDelta] = []
        self.full = False
        self.n_bytes = 0
        self._limit = room

    def add(self, task: int, log: Mapping[int, list[Determinant]], position: tuple[int, int]) -> tuple[int, int]:
        """Adds the entries from a position (epoch and index) on; returns the position after the last one added."""
        epoch, index = position
        for later in sorted([held for held in log if held >= epoch]):
            entries = log[later]
            start = end = index if later == epoch else 0
            while end < len(entries) and self._takes(entries[end], of_new_log=end == start):
                end += 1
            if end > start:
                self.deltas.append(LogDelta(task=task, epoch=later, offset=start, entries=entries[start:end]))
                position = (later, end)
            if self.full:
                break
        return position

    def _takes(self, entry: Determinant, *, of_new_log: bool) -> bool:
        n_bytes = self.n_bytes + entry.ByteSize() + 8 + (_LOG_BYTES if of_new_log else 0)
        is_first = of_new_log and not self.deltas
        self.full = n_bytes > self._limit and not is_first
        if not self.full:
            self.n_bytes = n_bytes
        return not self.full


class HeldLogs:
    """Copies of the logs of upstream tasks, as far as their determinants have come here.

    Attributes:
        version: Number of merges that brought anything.
        memory_bytes: What the entries take in memory, about.
    """

    def __init__(self) -> None:
        self.version = 0
        self.memory_bytes = 0
        self._logs: dict[int, dict[int, list[Determinant]]] = {}
        self._changed: OrderedDict[int, int] = OrderedDict()  # version of each task's last change, oldest first
        self._first_epoch = 0

    def merge(self, delta: LogDelta) -> None:
        """Adds the entries that are not here yet. Epochs that were dropped stay dropped.

        Raises:
            ValueError: Entries before those of the delta are missing, or known ones differ: the sender broke the
                protocol.
        """
        self._extend(delta.task, delta.epoch, delta.offset, delta.entries)

    def log_of(self, task: int) -> dict[int, list[Determinant]]:
        """Returns a copy of what is held of a task's log: entries by epoch, oldest epoch first."""
        log = self._logs.get(task, {})
        return {epoch: list(log[epoch]) for epoch in sorted(log)}

    def merge_longest(self, task: int, log: Mapping[int, Sequence[Determinant]]) -> None:
        """Takes another copy of a task's log in: of each epoch, the longer one stays."""
        for epoch in sorted(log):
            self._extend(task, epoch, 0, log[epoch])

    def take(self, task: int) -> dict[int, list[Determinant]]:
        """Returns what is held of a task's log, and holds it no more."""
        log = self._logs.pop(task, {})
        self._changed.pop(task, None)
        self.memory_bytes -= sum(_memory_of(entry) for entries in log.values() for entry in entries)
        return log

    def lengths(self, task: int) -> dict[int, int]:
        """Returns how many entries are held of each epoch of a task's log, oldest epoch first."""
        log = self._logs.get(task, {})
        return {epoch: len(log[epoch]) for epoch in sorted(log)}

    def drop_before(self, epoch: int) -> None:
        """Forgets all epochs before this one."""
        self._first_epoch = max(self._first_epoch, epoch)
        for log in self._logs.values():
            self.memory_bytes -= _drop_before(log, epoch)

    def changed_since(self, version: int) -> Iterator[int]:
        """Returns the tasks whose logs have grown since `version`, in time proportional to their number."""
        for task in reversed(self._changed):
            if self._changed[task] <= version:
                return
            yield task

    def fill(self, piece: Piece, task: int, position: tuple[int, int]) -> tuple[int, int]:
        """Adds what is held of a task's log after a position, as far as there is room; returns the new position."""
        return piece.add(task, self._logs.get(task, {}), position)

    def _extend(self, task: int, epoch: int, offset: int, entries: Sequence[Determinant]) -> None:
        if epoch < self._first_epoch:
            return
        held = len(self._logs.get(task, {}).get(epoch, ()))
        if offset > held:
            raise ValueError(f"task {task}, epoch {epoch}: determinant {held} should come next, {offset} has come")
        if held > offset:
            _require_same(task, epoch, offset, self._logs[task][epoch][offset:], entries)
        new = entries[held - offset :]
        if new:
            self._logs.setdefault(task, {}).setdefault(epoch, []).extend(new)
            self.memory_bytes += sum([_memory_of(entry) for entry in new])
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
        self._own_bytes = 0  # that were sent of the task's own log

    def deltas(self, own_task: int, own_log: DeterminantLog, held: HeldLogs, limit: int) -> tuple[list[LogDelta], bool]:
        """Returns what was not sent yet, up to about `limit` bytes, and takes it as sent; and whether more is due.

        Needs time for what is new only, however many logs are held. `held` must be the same object in every call.
        """
        piece = Piece(limit)
        end = (own_log.epoch, own_log.length(own_log.epoch))
        position = self._sent.get(own_task, self._start)
        if position < end:
            reached = own_log.fill(piece, own_task, position)
            self._sent[own_task] = reached if piece.full else end
        self._own_bytes = self._own_bytes + piece.n_bytes if piece.full else own_log.added_bytes
        self._fill_held(piece, held)
        return piece.deltas, piece.full

    def due_bytes(self, own_log: DeterminantLog) -> int:
        """Returns about how many bytes of the task's own log were not sent yet, and not less."""
        return own_log.added_bytes - self._own_bytes

    def held_deltas(self, held: HeldLogs, limit: int) -> tuple[list[LogDelta], bool]:
        """Returns the same for a task that shares nothing of its own."""
        piece = Piece(limit)
        self._fill_held(piece, held)
        return piece.deltas, piece.full

    def _fill_held(self, piece: Piece, held: HeldLogs) -> None:
        if piece.full or self._seen == held.version:
            return
        for task in held.changed_since(self._seen):
            if self._shared is None or task in self._shared:
                before = self._sent.get(task, self._start)
                reached = held.fill(piece, task, before)
                if reached != before:
                    self._sent[task] = reached
                if piece.full:
                    return
        self._seen = held.version

    def reset(self, epoch: int) -> None:
        """Takes everything from the beginning of `epoch` on as not sent: the consumer has recovered to there."""
        self._start = (epoch, 0)
        self._sent.clear()
        self._seen = 0
        self._own_bytes = 0

    def set_sent(self, task: int, epoch: int, index: int) -> None:
        """Takes everything before `index` of `epoch` of a task's log as sent, and nothing after it."""
        self._sent[task] = (epoch, index)
        self._seen = 0


def _require_same(
    task: int, epoch: int, offset: int, ours: Sequence[Determinant], theirs: Sequence[Determinant]
) -> None:
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=False), offset):
        if mine != other:
            kinds = f"{mine.WhichOneof('kind')} and {other.WhichOneof('kind')}"
            raise ValueError(f"two copies of the log of task {task} differ at entry {index} of epoch {epoch}: {kinds}")


def _drop_before(log: dict[int, list[Determinant]], epoch: int) -> int:
    """Forgets the epochs before this one; returns what they took in memory."""
    dropped = [log.pop(old) for old in [held for held in log if held < epoch]]
    return sum(_memory_of(entry) for entries in dropped for entry in entries)


def _memory_of(entry: Determinant) -> int:
    return entry.ByteSize() + _OBJECT_BYTES
