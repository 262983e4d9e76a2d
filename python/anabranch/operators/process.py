"""process: any number of records out for each record in, with a state per key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.operators.collecting import CollectingOperator, EmittingCollector
from anabranch.operators.operator import Results
from anabranch.records.batch import Batch
from anabranch.state.keyed import KeyedState, StateDescriptor

_STATE: StateDescriptor[Any] = StateDescriptor("state")


class KeyedProcessContext:
    """The context of one record at a time. See `ProcessContext` for the contract."""

    def __init__(self, states: KeyedState[Any]) -> None:
        self._states = states
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
        return self._states.get(self._key, default)

    def set_state(self, value: Any) -> None:  # noqa: D102
        self._need_key()
        self._states.put(self._key, value)

    def clear_state(self) -> None:  # noqa: D102
        self._need_key()
        self._states.remove(self._key)

    def _need_key(self) -> None:
        if not self._keyed:
            raise TypeError("the stream has no key: put key_by() right in front of process()")


class ProcessOperator(CollectingOperator[Callable[[Any, KeyedProcessContext, EmittingCollector], object]]):
    """Emits everything that `function(record, context, collector)` collects."""

    def open(self) -> None:  # noqa: D102
        super().open()
        self._states: KeyedState[Any] = KeyedState(_STATE, self._types)
        self._record_context = KeyedProcessContext(self._states)

    @property
    def keyed_states(self) -> Sequence[KeyedState[Any]]:  # noqa: D102
        return (self._states,)

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values, keys = batch.values, batch.keys
        function, context = self.function, self._record_context

        def call(position: int, collector: EmittingCollector) -> object:
            context.enter(None if keys is None else keys[position], keyed=keys is not None)
            return function(values[position], context, collector)

        return self.collect_all(batch, call)
