"""aggregate: a running aggregate per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.api.functions import AggregateFunction
from anabranch.errors import RecordError
from anabranch.operators.operator import Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.ownership import map_values
from anabranch.state.keyed import KeyedState


class AggregateOperator(UserOperator[Callable[[], AggregateFunction[Any, Any, Any]]]):
    """Adds each record to the accumulator of its key and emits the result so far."""

    def open(self) -> None:  # noqa: D102
        super().open()
        self._accumulators: KeyedState[Any] = KeyedState()

    def save(self, checkpoint: int) -> list[Any]:  # noqa: ARG002, D102
        return self._accumulators.save()

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        self._accumulators.load(saved)

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        assert keys is not None  # noqa: S101 - the planner sees to it
        function = self.function()
        slot_of = self._accumulators.slot_of
        results: list[Any] = []
        try:
            for key, value in zip(keys, values, strict=True):
                table, slot = slot_of(key)
                accumulator = table[slot] if slot in table else function.create_accumulator()
                table[slot] = accumulator = function.add(value, accumulator)
                map_values(function.get_result, [accumulator], results)
        except RecordError as error:
            raise self.failure(values, len(results)) from TypeError(f"the key cannot be used: {error}")
        except BaseException as error:
            raise self.failure(values, len(results)) from error
        self.records_in += len(values)
        return self.results(results)
