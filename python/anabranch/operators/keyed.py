"""What operators with one result for each record and one value for each key have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from anabranch.errors import RecordError
from anabranch.operators.operator import Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch
from anabranch.state.keyed import KeyedState, StateDescriptor

F = TypeVar("F", bound=Callable[..., Any])


class KeyedOperator(UserOperator[F]):
    """Updates the state of the key of each record, and emits one result."""

    state: ClassVar[StateDescriptor[Any]]  # which one

    def open(self) -> None:  # noqa: D102
        super().open()
        self._state: KeyedState[Any] = KeyedState(self.state, self._types)

    @property
    def keyed_states(self) -> Sequence[KeyedState[Any]]:  # noqa: D102
        return (self._state,)

    @abstractmethod
    def update(self, keys: Sequence[Any], values: Sequence[Any], results: list[Any]) -> None:
        """Handles one batch and appends the result of each record; those before one that fails, too."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values, keys = batch.values, batch.keys
        assert keys is not None  # noqa: S101 - the planner sees to it
        results: list[Any] = []
        try:
            self.update(keys, values, results)
        except RecordError as error:
            raise self.failure(values, len(results)) from TypeError(f"the key cannot be used: {error}")
        except BaseException as error:
            raise self.failure(values, len(results)) from error
        self.records_in += len(values)
        return self.results(batch.with_values(results))
