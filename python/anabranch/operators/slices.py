"""Batches in slices that take a moment each, so that a task with a slow function does not fall silent."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeAlias

from anabranch.operators.operator import Emit
from anabranch.records.batch import Batch

# Called after each slice: how many records it had, when it began and when it ended.
AfterSlice: TypeAlias = Callable[[int, float, float], None]

_QUICK = 0.02
_TARGET = 0.05
_SLOW = 0.08


class Slices:
    """Hands batches on in slices of about 50 ms.

    A slice starts with one record, doubles while slices are quick, and keeps its size from batch to batch: a fast
    operator soon gets whole batches. How a batch is sliced is a matter of time and differs from run to run, so nothing
    but I/O may happen between two slices.
    """

    def __init__(self, take: Emit, after: AfterSlice) -> None:
        """Begins with slices of one record.

        Args:
            take: Takes the slices.
            after: Called after each of them.
        """
        self._take = take
        self._after = after
        self._size = 1

    def __call__(self, batch: Batch) -> None:
        """Hands on one batch."""
        n, start = len(batch.values), 0
        while start < n:
            size = self._size
            began = monotonic()
            if size >= n and not start:
                taken = n
                self._take(batch)
            else:
                end = min(start + size, n)
                taken = end - start
                self._take(batch.slice(start, end))
            ended = monotonic()
            seconds = ended - began
            if seconds > _SLOW:
                self._size = max(1, int(taken * _TARGET / seconds))
            elif taken >= size and seconds < _QUICK:
                self._size = 2 * size
            self._after(taken, began, ended)
            start += taken
