"""reduce: a running reduce per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.errors import RecordError
from anabranch.operators.operator import Results
from anabranch.operators.user_operator import UserOperator
from anabranch.state.keyed import KeyedState


class ReduceOperator(UserOperator[Callable[[Any, Any], Any]]):
    """Emits, for each record, `function(old value of its key, record)`; the first record of a key as it came."""

    def open(self) -> None:  # noqa: D102
        super().open()
        self._state: KeyedState[Any] = KeyedState()

    def save(self, checkpoint: int) -> list[Any]:  # noqa: ARG002, D102
        return self._state.save()

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        self._state.load(saved)

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        assert keys is not None  # noqa: S101 - the planner sees to it
        results: list[Any] = []
        try:
            self._state.reduce(self.function, keys, values, results)
        except RecordError as error:
            raise self.failure(values, len(results)) from TypeError(f"the key cannot be used: {error}")
        except BaseException as error:
            raise self.failure(values, len(results)) from error
        self.records_in += len(values)
        return self.results(results)
