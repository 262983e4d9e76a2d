"""Which channel each record of a batch goes to."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from anabranch.records import KeySelector, TypeRegistry
from anabranch.records.batch import Batch
from anabranch.records.ownership import own
from anabranch.text import shown


class PartitionError(Exception):
    """The user's partition function failed for a record. The failure is the `__cause__`."""

    def __init__(self, record: Any) -> None:
        super().__init__("partition function failed")
        self.record = record


class Partitioner(ABC):
    """Splits batches over n channels. Called on the task's thread only; may keep state between batches."""

    @abstractmethod
    def split(self, batch: Batch) -> list[Batch]:
        """Returns one part per channel, in the order of the channels; records of a part keep their order."""


class Single(Partitioner):
    """One channel takes all."""

    def split(self, batch: Batch) -> list[Batch]:  # noqa: D102
        return [batch]


class Rebalance(Partitioner):
    """Round robin, continuing where the last batch stopped: at channel `next`."""

    def __init__(self, n: int, first: int) -> None:
        self._n = n
        self.next = first % n

    def split(self, batch: Batch) -> list[Batch]:  # noqa: D102
        n, records = self._n, len(batch)
        offsets = [(channel - self.next) % n for channel in range(n)]
        self.next = (self.next + records) % n
        return [batch.slice(offset, records, n) for offset in offsets]


class ByKey(Partitioner):
    """By the key group of the key: equal keys go to one channel."""

    def __init__(self, n: int, max_parallelism: int, types: TypeRegistry) -> None:
        self._selector = KeySelector(n, max_parallelism, types)

    def split(self, batch: Batch) -> list[Batch]:  # noqa: D102
        keys, timestamps = batch.keys, batch.timestamps
        assert keys is not None  # noqa: S101 - the planner puts a KEY_BY in front
        parts = [Batch(*part) for part in self._selector.split(keys, batch.values)]
        if timestamps is not None:
            columns: list[list[int]] = [[] for _ in parts]
            for key, timestamp in zip(keys, timestamps, strict=True):
                columns[self._selector.index_of(key)].append(timestamp)
            for part, column in zip(parts, columns, strict=True):
                part.timestamps = column
        return parts


class Custom(Partitioner):
    """By the user's function: (record, n) -> index or indexes."""

    def __init__(self, n: int, function: Callable[[Any, int], int | Iterable[int]]) -> None:
        self._n = n
        self._function = function

    def split(self, batch: Batch) -> list[Batch]:  # noqa: D102
        parts: list[list[int]] = [[] for _ in range(self._n)]
        for position, value in enumerate(batch.values):
            try:
                for index in self._indexes(self._function(own(value), self._n)):
                    parts[index].append(position)
            except BaseException as error:
                raise PartitionError(value) from error
        return [batch.select(part) for part in parts]

    def _indexes(self, chosen: Any) -> Iterator[int]:
        """Returns the indexes that the function has chosen, each read once: they may be lazy."""
        index = _as_index(chosen)
        if index is not None:
            return iter((self._checked(index),))
        try:
            several = iter(chosen)
        except TypeError:
            raise TypeError(f"partition function returned {_described(chosen)}, not an int or several") from None
        return map(self._checked_index, several)

    def _checked_index(self, chosen: Any) -> int:
        index = _as_index(chosen)
        if index is None:
            raise TypeError(f"partition function returned {_described(chosen)} among its indexes, not an int")
        return self._checked(index)

    def _checked(self, index: int) -> int:
        if not 0 <= index < self._n:
            raise IndexError(f"partition function returned {index}, there are {self._n} partitions")
        return index


def _as_index(chosen: Any) -> int | None:
    """Returns what may stand for an int, such as an integer of numpy, as one; None if it may not."""
    try:
        return operator.index(chosen)
    except TypeError:
        return None


def _described(value: Any) -> str:
    return f"{shown(value)} ({type(value).__name__})"
