"""source: asks the user's function for records, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from anabranch.api.functions import EndOfData
from anabranch.api.runtime_context import RuntimeContext
from anabranch.operators.collecting import CollectingOperator, EmittingCollector
from anabranch.operators.fetch_size import FetchSize
from anabranch.operators.functions import UserFunction
from anabranch.operators.operator import EMIT_SIZE, Emit, Results
from anabranch.operators.returned import refusal
from anabranch.records import TypeRegistry
from anabranch.records.batch import Batch

# How long records that a generator yields may wait for more of them.
_MOMENT = 0.01


class FetchContext(EmittingCollector):
    """The collector of a source, and how many records are wanted. See `SourceContext` for the contract."""

    def __init__(self, emit: Emit, size: FetchSize) -> None:
        super().__init__(emit)
        self._size = size

    @property
    def wanted(self) -> int:  # noqa: D102
        self._size.was_asked = True
        return self._size.records


class SourceOperator(CollectingOperator[Callable[[EmittingCollector], object]]):
    """Has no input: the task calls `fetch` instead of `process`, until `ended`."""

    def __init__(
        self,
        operator_id: int,
        name: str,
        user_function: UserFunction,
        context: RuntimeContext,
        types: TypeRegistry | None = None,
    ) -> None:
        super().__init__(operator_id, name, user_function, context, types)
        self.ended = False
        self._yielding: Iterator[Any] | None = None  # a call of the function that has not returned yet
        self.size = FetchSize()
        self._collected = 0

    def new_collector(self) -> EmittingCollector:  # noqa: D102
        return FetchContext(self.emit, self.size)

    def open(self) -> None:  # noqa: D102
        self._collector = self.new_collector()  # also if what follows fails, it is closed
        try:
            self._user_function.init_source(self._context.parallelism, self._context.task_index)
        except BaseException as error:
            raise self.error() from error
        super().open()

    @property
    def in_fetch(self) -> bool:
        """True while a `fetch` that yields is not through: its state is not one to save."""
        return self._yielding is not None

    def fetch(self) -> bool:
        """Calls the user's `fetch` once and emits what it collected; returns whether it collected anything.

        Of one that yields, a generator, it takes what comes within a moment, and continues at the next call: the
        generator may wait between two records, or have no end.

        Raises:
            OperatorError: The user's function failed.
        """
        before = self.records_out
        collector = self._collector
        try:
            if self._yielding is None:
                self.size.was_asked = False
                returned = self.function(collector)
                if returned is not None:
                    self._yielding = self._generator(returned)
            if self._yielding is not None and self._take_some(self._yielding):
                self._yielding = None
            collector.check()
        except EndOfData:
            self._yielding = None
            self.ended = True
        except BaseException as error:
            collector.raise_failure()
            raise self.error() from error
        collector.raise_failure()
        collector.flush()
        self._collected = self.records_out - before
        return self._collected > 0

    def learn(self, seconds: float) -> bool:
        """Takes note of how long the last call of `fetch` took; returns whether others of another size follow."""
        return self.size.was_asked and not self.in_fetch and self.size.learn(self._collected, seconds)

    def _generator(self, returned: object) -> Iterator[Any]:
        if not isinstance(returned, Iterator):
            raise refusal("fetch", returned, "it has to collect or yield its records, and to return nothing")
        return returned

    def _take_some(self, yielding: Iterator[Any]) -> bool:
        """Collects what is yielded; returns whether that was all."""
        until = time.monotonic() + _MOMENT
        with suppress(StopIteration):
            for _ in range(EMIT_SIZE):
                self._collector.collect(next(yielding))  # without a name: see `collect_yielded`
                if time.monotonic() > until:
                    break
            return False
        return True

    def process(self, batch: Batch) -> Results:
        """Never called: a source has no input."""
        raise NotImplementedError
