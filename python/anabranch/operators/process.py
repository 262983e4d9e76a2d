"""process: any number of records out for each record in, with a state per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.operators.collecting import CollectingOperator, EmittingCollector
from anabranch.operators.operator import Results
from anabranch.state.keyed import KeyedState


class KeyedProcessContext:
    """The context of one record at a time. See `ProcessContext` for the contract."""

    def __init__(self) -> None:
        self.states: KeyedState[Any] = KeyedState()
        self._keyed = False
        self._key: Any = None

    def enter(self, key: Any, *, keyed: bool) -> None:
        """Makes this the context of a record."""
        self._key, self._keyed = key, keyed

    @property
    def key(self) -> Any:  # noqa: D102
        self._need_key()
        return self._key

    def get_state(self, default: Any = None) -> Any:  # noqa: D102
        self._need_key()
        table, slot = self.states.slot_of(self._key)
        return table.get(slot, default)

    def set_state(self, value: Any) -> None:  # noqa: D102
        self._need_key()
        table, slot = self.states.slot_of(self._key)
        table[slot] = value

    def clear_state(self) -> None:  # noqa: D102
        self._need_key()
        table, slot = self.states.slot_of(self._key)
        table.pop(slot, None)

    def _need_key(self) -> None:
        if not self._keyed:
            raise TypeError("the stream has no key: put key_by() right in front of process()")


class ProcessOperator(CollectingOperator[Callable[[Any, KeyedProcessContext, EmittingCollector], object]]):
    """Emits everything that `function(record, context, collector)` collects."""

    def open(self) -> None:  # noqa: D102
        super().open()
        self._record_context = KeyedProcessContext()

    def save(self, checkpoint: int) -> list[Any]:  # noqa: ARG002, D102
        return self._record_context.states.save()

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        self._record_context.states.load(saved)

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        function, context = self.function, self._record_context

        def call(position: int, collector: EmittingCollector) -> object:
            context.enter(None if keys is None else keys[position], keyed=keys is not None)
            return function(values[position], context, collector)

        return self.collect_all(values, call)
