"""aggregate: a running aggregate per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.api.functions import AggregateFunction
from anabranch.operators.keyed import KeyedOperator
from anabranch.state.keyed import StateDescriptor


class AggregateOperator(KeyedOperator[Callable[[], AggregateFunction[Any, Any, Any]]]):
    """Adds each record to the accumulator of its key and emits the result so far."""

    state = StateDescriptor("accumulator")

    def update(self, keys: Sequence[Any], values: Sequence[Any], results: list[Any]) -> None:  # noqa: D102
        function = self.function()
        create, add, result = function.create_accumulator, function.add, function.get_result
        self._state.aggregate(create, add, result, keys=keys, values=values, results=results)
