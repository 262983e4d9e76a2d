"""Which channel each record of a batch goes to."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from anabranch.records import KeySelector, TypeRegistry
from anabranch.records.ownership import own
from anabranch.text import shown

# Per channel, the records and, where there are keys, the keys that go to it.
Parts = list[tuple[Sequence[Any], Sequence[Any] | None]]


class PartitionError(Exception):
    """The user's partition function failed for a record. The failure is the `__cause__`."""

    def __init__(self, record: Any) -> None:
        super().__init__("partition function failed")
        self.record = record


class Partitioner(ABC):
    """Splits batches over n channels. Called on the task's thread only; may keep state between batches."""

    @abstractmethod
    def split(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Parts:
        """Returns one part per channel, in the order of the channels; records of a part keep their order."""


class Single(Partitioner):
    """One channel takes all."""

    def split(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Parts:  # noqa: D102
        return [(values, keys)]


class Rebalance(Partitioner):
    """Round robin, continuing where the last batch stopped: at channel `next`."""

    def __init__(self, n: int, first: int) -> None:
        self._n = n
        self.next = first % n

    def split(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Parts:  # noqa: D102
        n = self._n
        offsets = [(channel - self.next) % n for channel in range(n)]
        self.next = (self.next + len(values)) % n
        return [(values[offset::n], None if keys is None else keys[offset::n]) for offset in offsets]


class ByKey(Partitioner):
    """By the key group of the key: equal keys go to one channel."""

    def __init__(self, n: int, max_parallelism: int, types: TypeRegistry) -> None:
        self._selector = KeySelector(n, max_parallelism, types)

    def split(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Parts:  # noqa: D102
        assert keys is not None  # noqa: S101 - the planner puts a KEY_BY in front
        return list(self._selector.split(keys, values))


class Custom(Partitioner):
    """By the user's function: (record, n) -> index or indexes."""

    def __init__(self, n: int, function: Callable[[Any, int], int | Iterable[int]]) -> None:
        self._n = n
        self._function = function

    def split(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Parts:  # noqa: ARG002, D102
        parts: list[list[Any]] = [[] for _ in range(self._n)]
        for value in values:
            try:
                for index in self._indexes(self._function(own(value), self._n)):
                    parts[index].append(value)
            except BaseException as error:
                raise PartitionError(value) from error
        return [(part, None) for part in parts]

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
