"""flat_map: any number of records out for each record in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from anabranch.worker.operators.operator import EMIT_SIZE
from anabranch.worker.operators.user_operator import UserOperator


class FlatMapOperator(UserOperator[Callable[[Any], "Iterable[Any]"]]):
    """Emits every element of `function(record)`. A lazy result is taken piece by piece."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> None:  # noqa: ARG002, D102
        function = self.function
        results: list[Any] = []
        for position, value in enumerate(values):
            lazy = None
            try:
                elements = function(value)
                if isinstance(elements, (list, tuple)):
                    results += elements
                else:
                    lazy = iter(elements)
                    results += islice(lazy, EMIT_SIZE)
            except BaseException as error:
                raise self.failure(values, position) from error
            while len(results) >= EMIT_SIZE:
                self.emit(results)
                results = []
                if lazy is not None:
                    try:
                        results += islice(lazy, EMIT_SIZE)
                    except BaseException as error:
                        raise self.failure(values, position) from error
        self.records_in += len(values)
        self.emit(results)


class CollectorFlatMapOperator(UserOperator[Callable[[Any, "EmittingCollector"], object]]):
    """Emits everything that `function(record, collector)` collects."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> None:  # noqa: ARG002, D102
        function = self.function
        collector = EmittingCollector(self.emit)
        for position, value in enumerate(values):
            try:
                function(value, collector)
            except BaseException as error:
                collector.raise_failure()
                raise self.failure(values, position) from error
            collector.raise_failure()
        self.records_in += len(values)
        collector.flush()


class EmittingCollector:
    """The collector that user functions are given. Hands on what it has whenever that makes a batch."""

    def __init__(self, emit: Callable[[Sequence[Any]], None]) -> None:
        self._emit = emit
        self._results: list[Any] = []
        self._failure: BaseException | None = None

    def collect(self, value: Any) -> None:
        """Takes one record; may block on back-pressure."""
        self._results.append(value)
        if len(self._results) >= EMIT_SIZE:
            self.flush()

    def collect_many(self, values: Iterable[Any]) -> None:
        """Takes any number of records; may block on back-pressure."""
        lazy = iter(values)
        while piece := list(islice(lazy, EMIT_SIZE)):
            self._results += piece
            if len(self._results) >= EMIT_SIZE:
                self.flush()

    def flush(self) -> None:
        """Hands on what was collected."""
        results, self._results = self._results, []
        try:
            self._emit(results)
        except BaseException as error:
            self._failure = error
            raise

    def raise_failure(self) -> None:
        """Raises what went wrong downstream, even if the user's code has swallowed it."""
        if self._failure is not None:
            raise self._failure
