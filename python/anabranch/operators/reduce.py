"""reduce: a running reduce per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.operators.keyed import KeyedOperator
from anabranch.state.keyed import StateDescriptor


class ReduceOperator(KeyedOperator[Callable[[Any, Any], Any]]):
    """Emits, for each record, `function(old value of its key, record)`; the first record of a key as it came."""

    state = StateDescriptor("reduce")

    def update(self, keys: Sequence[Any], values: Sequence[Any], results: list[Any]) -> None:  # noqa: D102
        self._state.reduce(self.function, keys, values, results)
