"""join: two keyed inputs, matched by key while they are remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from anabranch.api.runtime_context import RuntimeContext
from anabranch.errors import RecordError
from anabranch.operators.functions import UserFunction
from anabranch.operators.operator import EMIT_SIZE, OperatorError, Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.ownership import own
from anabranch.state.keyed import KeyedState
from anabranch.v1.graph_pb2 import JoinOptions

_LEFT, _RIGHT = 0, 1
_OUTER = {
    JoinOptions.TYPE_INNER: (False, False),
    JoinOptions.TYPE_LEFT: (True, False),
    JoinOptions.TYPE_RIGHT: (False, True),
    JoinOptions.TYPE_FULL: (True, True),
}


class _Remembered:
    """One record that waits for matches."""

    __slots__ = ("arrived", "key", "matched", "side", "value")

    def __init__(self, side: int, key: Any, value: Any, arrived: int) -> None:
        self.side = side
        self.key = key
        self.value = value
        self.arrived = arrived
        self.matched = False


class JoinOperator(UserOperator[Callable[[Any, Any], Any]]):
    """Emits `function(left, right)` for every pair of records of one key that are remembered at the same time.

    A record is remembered for the retention, in processing time. In an outer join a record that was never matched is
    emitted alone when it is forgotten, at the latest at the end of the input.
    """

    def __init__(
        self, operator_id: int, name: str, user_function: UserFunction, context: RuntimeContext, options: JoinOptions
    ) -> None:
        super().__init__(operator_id, name, user_function, context)
        self._retention = options.retention_ms
        self._outer = _OUTER[options.type]
        self._sides: tuple[KeyedState[deque[_Remembered]], KeyedState[deque[_Remembered]]] = (
            KeyedState(),
            KeyedState(),
        )
        self._by_age: deque[_Remembered] = deque()

    def save(self, checkpoint: int) -> list[Any]:  # noqa: ARG002
        """Returns the remembered records, oldest first: side, key, value, arrival (ms), whether it matched."""
        saved: list[Any] = []
        for record in self._by_age:
            saved += (record.side, record.key, record.value, record.arrived, record.matched)
        return saved

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        for side, key, value, arrived, matched in zip(*(saved[i::5] for i in range(5)), strict=True):
            record = _Remembered(side, key, value, arrived)
            record.matched = matched
            self._remember(record)

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        return self.process_input(_LEFT, values, keys)

    def process_input(self, index: int, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        assert keys is not None  # noqa: S101 - the planner sees to it
        now = self._context.now()
        self._forget(now - self._retention)
        others = self._sides[1 - index]
        results: list[Any] = []
        for position, (key, value) in enumerate(zip(keys, values, strict=True)):
            record = _Remembered(index, key, value, now)
            try:
                table, slot = others.slot_of(key)
            except RecordError as error:
                raise self.failure(values, position) from TypeError(f"the key cannot be used: {error}")
            matches = table.get(slot, ())
            for other in matches:
                results.append(self._pair(record, other, values, position))
                if len(results) >= EMIT_SIZE:
                    self.emit(results)
                    results = []
            for other in matches:  # not before all of it has succeeded: a record may be left out
                record.matched = other.matched = True
            self._remember(record)
        self.records_in += len(values)
        return self.results(results)

    def finish(self) -> None:
        """Forgets everything: the input has ended."""
        self._forget(float("inf"))

    def _remember(self, record: _Remembered) -> None:
        table, slot = self._sides[record.side].slot_of(record.key)
        table.setdefault(slot, deque()).append(record)
        self._by_age.append(record)

    def _pair(self, record: _Remembered, other: _Remembered, values: Sequence[Any], position: int) -> Any:
        left, right = (record, other) if record.side == _LEFT else (other, record)
        try:
            return own(self.function(own(left.value), own(right.value)))
        except BaseException as error:
            raise self.failure(values, position) from error

    def _forget(self, until: float) -> None:
        """Forgets the records that arrived before `until`; the oldest of a key is always at the front of its deque."""
        results: list[Any] = []
        while self._by_age and self._by_age[0].arrived < until:
            record = self._by_age.popleft()
            table, slot = self._sides[record.side].slot_of(record.key)
            same_key = table[slot]
            same_key.popleft()
            if not same_key:
                del table[slot]
            if self._outer[record.side] and not record.matched:
                self._emit_alone(record, results)
                if len(results) >= EMIT_SIZE:
                    self.emit(results)
                    results = []
        self.emit(results)

    def _emit_alone(self, record: _Remembered, results: list[Any]) -> None:
        left, right = (record.value, None) if record.side == _LEFT else (None, record.value)
        try:
            results.append(own(self.function(own(left), own(right))))
        except BaseException as error:  # noqa: BLE001 - it is raised again, or left out
            failure = OperatorError(self.name, self.records_in, record.value)
            failure.__cause__ = error
            self.leave_out(failure)
