"""reduce: a running reduce per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.errors import RecordError
from anabranch.state.keyed import KeyedState
from anabranch.worker.operators.operator import Results
from anabranch.worker.operators.user_operator import UserOperator


class ReduceOperator(UserOperator[Callable[[Any, Any], Any]]):
    """Emits, for each record, `function(old value of its key, record)`; the first record of a key as it came."""

    def open(self) -> None:  # noqa: D102
        super().open()
        self._state: KeyedState[Any] = KeyedState()

    def save(self) -> list[Any]:  # noqa: D102
        return self._state.save()

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        self._state.load(saved)

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        assert keys is not None  # noqa: S101 - the planner sees to it
        function = self.function
        results: list[Any] = []
        append = results.append
        table = self._state.table_of(keys)
        try:
            if table is not None:
                for key, value in zip(keys, values, strict=True):
                    try:
                        old = table[key]
                    except KeyError:
                        new = value
                    else:
                        new = function(old, value)
                    table[key] = new
                    append(new)
            else:
                slot_of = self._state.slot_of
                for key, value in zip(keys, values, strict=True):
                    table, slot = slot_of(key)
                    table[slot] = new = function(table[slot], value) if slot in table else value
                    append(new)
        except RecordError as error:
            raise self.failure(values, len(results)) from TypeError(f"the key cannot be used: {error}")
        except BaseException as error:
            raise self.failure(values, len(results)) from error
        self.records_in += len(values)
        return self.results(results)
