"""The records of an output edge that are not yet cut into a frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from anabranch.exchange.output.outgoing_channel import OutgoingChannel
from anabranch.records.batch import Batch

_FIRST_LIMIT = 16
_MEAN_WEIGHT = 0.25


@dataclass(frozen=True)
class BatchLimits:
    """When a batch is cut and when a channel is full (options anabranch.batch.*, anabranch.exchange.*)."""

    max_records: int
    max_bytes: int
    max_frame_bytes: int
    send_queue_bytes: int


class PendingBatch:
    """Records for one channel, or for all of a broadcast edge; and how many make a frame.

    Attributes:
        channels: Where they go.
        size: How many there are.
        limit: How many make a frame.
    """

    def __init__(self, channels: Sequence[OutgoingChannel]) -> None:
        self.channels = channels
        self.size = 0
        self._parts: deque[Batch] = deque()
        self._start = 0  # records of the first part that were taken
        self.limit = self._learned = _FIRST_LIMIT
        self._mean_bytes = 0.0
        for channel in channels:
            channel.demand.on_change = self._limit
        self._limit()

    def add(self, batch: Batch) -> None:
        """Takes records, which come after those that are pending."""
        n = len(batch.values)
        if n:
            self.size += n
            self._parts.append(batch)

    def take(self, n: int) -> Batch:
        """Gives away the first `n` of the pending records."""
        self.size -= n
        taken: list[Batch] = []
        while n:
            part, start = self._parts[0], self._start
            left = len(part.values) - start
            if left > n:
                taken.append(part.slice(start, start + n))
                self._start += n
                break
            taken.append(part.slice(start, start + left) if start else part)
            n -= left
            self._parts.popleft()
            self._start = 0
        return Batch.concat(taken)

    def learn(self, n_records: int, n_bytes: int, limits: BatchLimits) -> None:
        """Adapts the batch limit: after a full batch twice as much as before, while the bytes allow it."""
        mean = n_bytes / n_records
        self._mean_bytes += (mean - self._mean_bytes) * (_MEAN_WEIGHT if self._mean_bytes else 1.0)
        by_bytes = int(limits.max_bytes / max(self._mean_bytes, 1.0))
        grown = self._learned * 2 if n_records >= self.limit else self._learned
        self._learned = max(1, min(grown, limits.max_records, by_bytes))
        self._limit()

    def _limit(self) -> None:
        """A frame is to be no more work than any of the consumers wants."""
        self.limit = min([self._learned, *(channel.demand.frame_records for channel in self.channels)])
