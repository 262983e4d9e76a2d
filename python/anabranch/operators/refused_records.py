"""Takes the records that could not be made when they arrived out of batches: an operator leaves them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anabranch.errors import RecordError
from anabranch.operators.operator import Emit, Operator
from anabranch.operators.skipping import SkippingOperator
from anabranch.operators.union import UnionOperator
from anabranch.records import RefusedValue
from anabranch.records.batch import Batch
from anabranch.text import LONGEST_MESSAGE, shown


def first_that_skips(operators: Sequence[Operator]) -> SkippingOperator | None:
    """Returns the operator that leaves out what a chain cannot take: the first one with a function, if it skips."""
    first = operators[1] if isinstance(operators[0], UnionOperator) and len(operators) > 1 else operators[0]
    return first if isinstance(first, SkippingOperator) else None


class RefusedRecords:
    """Hands on what lies between refused records, and these to the operator that leaves them out, all in order."""

    def __init__(self, take: Emit, operators: Sequence[Operator], skipping: SkippingOperator) -> None:
        """Creates what stands in front of a chain.

        Args:
            take: Takes the records that are as they should be.
            operators: The operators of the chain.
            skipping: The one that leaves out the others.
        """
        self._take = take
        self._before = operators[: operators.index(skipping)]
        self._skipping = skipping

    def __call__(self, batch: Batch) -> None:
        """Hands on one batch."""
        values, keys, start = batch.values, batch.keys, 0
        for position in _refused_in(values, keys):
            self._hand_on(batch, start, position)
            self._refuse(values[position], None if keys is None else keys[position])
            start = position + 1
        self._hand_on(batch, start, len(values))

    def _hand_on(self, batch: Batch, start: int, end: int) -> None:
        if start < end:
            self._take(batch.slice(start, end))

    def _refuse(self, value: Any, key: Any) -> None:
        for operator in self._before:
            operator.pass_over()
        record, error = (value.plain, value.error) if type(value) is RefusedValue else (value, None)
        if error is None:
            told = shown(key.plain, LONGEST_MESSAGE)
            error = RecordError(f"its key, {told}, cannot be taken: {key.error}")
            error.__cause__ = key.error.__cause__
        self._skipping.refuse(record, error)


def _refused_in(values: Sequence[Any], keys: Sequence[Any] | None) -> list[int]:
    refused = {position for position, value in enumerate(values) if type(value) is RefusedValue}
    if keys is not None:
        refused.update(position for position, key in enumerate(keys) if type(key) is RefusedValue)
    return sorted(refused)
