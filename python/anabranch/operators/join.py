"""join: two keyed inputs, matched by key while they are remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias

from anabranch.api.runtime_context import RuntimeContext
from anabranch.errors import RecordError
from anabranch.operators.functions import UserFunction
from anabranch.operators.operator import EMIT_SIZE, OperatorError, Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch
from anabranch.records.ownership import own
from anabranch.records.types import TypeRegistry
from anabranch.state.keyed import KeyedState, StateDescriptor
from anabranch.v1.graph_pb2 import JoinOptions

_LEFT, _RIGHT = 0, 1
_OUTER = {
    JoinOptions.TYPE_INNER: (False, False),
    JoinOptions.TYPE_LEFT: (True, False),
    JoinOptions.TYPE_RIGHT: (False, True),
    JoinOptions.TYPE_FULL: (True, True),
}


class _Remembered:
    """One record that waits for matches. Those of a join are forgotten in the order of their numbers."""

    __slots__ = ("arrived", "key", "matched", "number", "side", "value")

    def __init__(self, side: int, key: Any, value: Any, arrived: int, number: int) -> None:
        self.side = side
        self.key = key
        self.value = value
        self.arrived = arrived
        self.number = number
        self.matched = False


# The records of one key: those of either side, the oldest always at the front; None: there are none.
_OfKey: TypeAlias = "list[deque[_Remembered] | None]"


def _save(of_key: _OfKey) -> list[Any]:
    """Returns for each record: number, side, arrival (ms), whether it matched, value."""
    saved: list[Any] = []
    for record in _all_of(of_key):
        saved += (record.number, record.side, record.arrived, record.matched, record.value)
    return saved


def _load(key: Any, saved: list[Any]) -> _OfKey:
    of_key: _OfKey = [None, None]
    for number, side, arrived, matched, value in zip(*(saved[i::5] for i in range(5)), strict=True):
        record = _Remembered(side, key, value, arrived, number)
        record.matched = matched
        _append(record, of_key)
    return of_key


def _append(record: _Remembered, of_key: _OfKey) -> None:
    same_side = of_key[record.side]
    if same_side is None:
        of_key[record.side] = same_side = deque()
    same_side.append(record)


def _all_of(of_key: _OfKey) -> Iterator[_Remembered]:
    return chain(*(side for side in of_key if side))


_RECORDS = StateDescriptor("records", _save, _load)


class JoinOperator(UserOperator[Callable[[Any, Any], Any]]):
    """Emits `function(left, right)` for every pair of records of one key that are remembered at the same time.

    A record is remembered for the retention, in processing time. In an outer join a record that was never matched is
    emitted alone when it is forgotten, at the latest at the end of the input.
    """

    def __init__(
        self,
        operator_id: int,
        name: str,
        user_function: UserFunction,
        context: RuntimeContext,
        options: JoinOptions,
        *,
        types: TypeRegistry | None = None,
    ) -> None:
        super().__init__(operator_id, name, user_function, context, types)
        self._retention = options.retention_ms
        self._outer = _OUTER[options.type]
        self._remembered = KeyedState(_RECORDS, types)
        self._by_age: deque[_Remembered] = deque()
        self._next_number = 0

    @property
    def keyed_states(self) -> Sequence[KeyedState[Any]]:  # noqa: D102
        return (self._remembered,)

    def keyed_states_loaded(self) -> None:
        """Brings the records back into the order in which they are forgotten."""
        records = (record for _, of_key in self._remembered.items() for record in _all_of(of_key))
        self._by_age = deque(sorted(records, key=attrgetter("number")))
        self._next_number = self._by_age[-1].number + 1 if self._by_age else 0

    def process(self, batch: Batch) -> Results:  # noqa: D102
        return self.process_input(_LEFT, batch)

    def process_input(self, index: int, batch: Batch) -> Results:  # noqa: D102
        values, keys = batch.values, batch.keys
        assert keys is not None  # noqa: S101 - the planner sees to it
        now = self._context.now()
        self._forget(now - self._retention)
        results: list[Any] = []
        for position, (key, value) in enumerate(zip(keys, values, strict=True)):
            record = _Remembered(index, key, value, now, self._next_number)
            try:
                of_key = self._remembered.get(key)
            except RecordError as error:
                raise self.failure(values, position) from TypeError(f"the key cannot be used: {error}")
            matches = (None if of_key is None else of_key[1 - index]) or ()
            for other in matches:
                results.append(self._pair(record, other, values, position))
                if len(results) >= EMIT_SIZE:
                    self.emit(Batch(results))
                    results = []
            for other in matches:  # not before all of it has succeeded: a record may be left out
                record.matched = other.matched = True
            self._remember(record, of_key)
        self.records_in += len(values)
        return self.results(Batch(results))

    def finish(self) -> None:
        """Forgets everything: the input has ended."""
        self._forget(float("inf"))

    def _remember(self, record: _Remembered, of_key: _OfKey | None) -> None:
        if of_key is None:
            of_key = [None, None]
            self._remembered.put(record.key, of_key)
        _append(record, of_key)
        self._by_age.append(record)
        self._next_number += 1

    def _pair(self, record: _Remembered, other: _Remembered, values: Sequence[Any], position: int) -> Any:
        left, right = (record, other) if record.side == _LEFT else (other, record)
        try:
            return own(self.function(own(left.value), own(right.value)))
        except BaseException as error:
            raise self.failure(values, position) from error

    def _forget(self, until: float) -> None:
        """Forgets the records that arrived before `until`."""
        results: list[Any] = []
        while self._by_age and self._by_age[0].arrived < until:
            record = self._by_age.popleft()
            of_key = self._remembered.get(record.key)
            same_side: Any = of_key[record.side]
            same_side.popleft()
            if not same_side:
                of_key[record.side] = None
                if of_key[1 - record.side] is None:
                    self._remembered.remove(record.key)
            if self._outer[record.side] and not record.matched:
                self._emit_alone(record, results)
                if len(results) >= EMIT_SIZE:
                    self.emit(Batch(results))
                    results = []
        self.emit(Batch(results))

    def _emit_alone(self, record: _Remembered, results: list[Any]) -> None:
        left, right = (record.value, None) if record.side == _LEFT else (None, record.value)
        try:
            results.append(own(self.function(own(left), own(right))))
        except BaseException as error:  # noqa: BLE001 - it is raised again, or left out
            failure = OperatorError(self.name, self.records_in, record.value)
            failure.__cause__ = error
            self.leave_out(failure)
