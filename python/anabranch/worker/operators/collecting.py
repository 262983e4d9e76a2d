"""Operators whose user functions emit through a collector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from anabranch.worker.operators.operator import EMIT_SIZE, Results
from anabranch.worker.operators.user_operator import F, UserOperator


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

    def rest(self) -> list[Any]:
        """Gives away what was collected and not handed on."""
        results, self._results = self._results, []
        return results

    def flush(self) -> None:
        """Hands on what was collected."""
        results = self.rest()
        try:
            self._emit(results)
        except BaseException as error:
            self._failure = error
            raise

    def raise_failure(self) -> None:
        """Raises what went wrong downstream, even if the user's code has swallowed it."""
        if self._failure is not None:
            raise self._failure


class CollectingOperator(UserOperator[F]):
    """Calls a user's function for each record with a collector."""

    def collect_all(self, values: Sequence[Any], call: Callable[[int, EmittingCollector], object]) -> Results:
        """Handles one batch: `call(position, collector)` for each record, and returns what was not emitted.

        Raises:
            OperatorError: The user's function failed.
        """
        collector = EmittingCollector(self.emit)
        for position in range(len(values)):
            try:
                call(position, collector)
            except BaseException as error:
                collector.raise_failure()
                raise self.failure(values, position) from error
            collector.raise_failure()
        self.records_in += len(values)
        return self.results(collector.rest())
