"""A batch: some records, column by column. The unit in which records go through a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any


@dataclass(slots=True)
class Batch:
    """Records in their order: one column of values, and columns of the same length for what else is known of them.

    It belongs to whoever takes it, who may change and keep it: nobody else may use it from then on. A column that is
    missing costs nothing.

    Timestamps stay within a task as yet: a frame does not carry them.

    Attributes:
        values: The records.
        keys: The key of each; None if the stream is not keyed here.
        timestamps: The event time of each, in ms; None if there is no event time.
    """

    values: Sequence[Any]
    keys: Sequence[Any] | None = None
    timestamps: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def slice(self, start: int, end: int, step: int = 1) -> Batch:
        """Returns the records from `start` to before `end`, or each `step`-th of them; itself if these are all."""
        values, keys, timestamps = self.values, self.keys, self.timestamps
        if start == 0 and step == 1 and end >= len(values):
            return self
        return Batch(
            values[start:end:step],
            None if keys is None else keys[start:end:step],
            None if timestamps is None else timestamps[start:end:step],
        )

    def select(self, indexes: Sequence[int]) -> Batch:
        """Returns the records at these indexes, in the order of the indexes."""
        values, keys, timestamps = self.values, self.keys, self.timestamps
        return Batch(
            [values[index] for index in indexes],
            None if keys is None else [keys[index] for index in indexes],
            None if timestamps is None else [timestamps[index] for index in indexes],
        )

    def filter(self, verdicts: Iterable[object]) -> Batch:
        """Returns the records whose verdict is true."""
        if self.keys is not None or self.timestamps is not None:
            return self.select(list(compress(range(len(self.values)), verdicts)))
        return Batch(list(compress(self.values, verdicts)))

    def with_values(self, values: Sequence[Any]) -> Batch:
        """Returns as many other records, each made from the one at its index: at its time, and without its key."""
        return Batch(values, None, self.timestamps)

    def with_keys(self, keys: Sequence[Any]) -> Batch:
        """Returns the same records with these keys."""
        return Batch(self.values, keys, self.timestamps)

    @staticmethod
    def concat(batches: Sequence[Batch]) -> Batch:
        """Returns the records of all batches, one after the other; itself if there is one. All have the same columns.

        Raises:
            ValueError: Some have a column that others lack.
        """
        if len(batches) == 1:
            return batches[0]
        return Batch(
            _joined([batch.values for batch in batches]),
            _concatenated("keys", [batch.keys for batch in batches]),
            _concatenated("timestamps", [batch.timestamps for batch in batches]),
        )


def _concatenated(name: str, columns: Sequence[Sequence[Any] | None]) -> list[Any] | None:
    present = [column for column in columns if column is not None]
    if not present:
        return None
    if len(present) < len(columns):
        raise ValueError(f"{len(columns) - len(present)} of {len(columns)} batches have no {name}")
    return _joined(present)


def _joined(columns: Sequence[Sequence[Any]]) -> list[Any]:
    joined: list[Any] = []
    for column in columns:
        joined += column
    return joined


class BatchBuilder:
    """Takes the records that an operator makes, any number from each one that it takes, at the time of that one.

    Attributes:
        values: The records; append them here.
    """

    __slots__ = ("_timestamp", "_timestamps", "values")

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._timestamp: int | None = None
        self._timestamps: list[int] | None = None

    def at(self, timestamp: int) -> None:
        """Sets the time of the records that are appended from now on. Without a call there are no timestamps."""
        self._fill()
        if self._timestamps is None:
            self._timestamps = []
        self._timestamp = timestamp

    def build(self) -> Batch:
        """Gives away what was appended, and begins anew, at the same time."""
        self._fill()
        batch = Batch(self.values, None, self._timestamps)
        self.values = []
        if self._timestamps is not None:
            self._timestamps = []
        return batch

    def _fill(self) -> None:
        if self._timestamps is not None and self._timestamp is not None:
            self._timestamps += repeat(self._timestamp, len(self.values) - len(self._timestamps))
