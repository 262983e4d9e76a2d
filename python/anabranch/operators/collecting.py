"""Operators whose user functions emit through a collector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from anabranch.operators.operator import EMIT_SIZE, Emit, Results
from anabranch.operators.returned import refusal
from anabranch.operators.user_operator import F, UserOperator
from anabranch.records import codec
from anabranch.records.batch import Batch, BatchBuilder
from anabranch.records.ownership import COLLECTED, OWNERSHIP, copied, take_values


class EmittingCollector:
    """The collector that user functions are given: one for the life of the operator, used on the task's thread only.

    Hands on what it has whenever that makes a batch.
    """

    def __init__(self, emit: Emit) -> None:
        """Takes where the records go. Made on the task's thread."""
        self._emit = emit
        self._owner = threading.get_ident()
        self._builder = BatchBuilder()
        self._results = self._builder.values
        self._failure: BaseException | None = None
        self._closed = False
        # What was wrong with a call on another thread, where an exception may reach nobody.
        self.misuse: RuntimeError | None = None

    def collect(self, value: Any) -> None:
        """Takes one record; may block on back-pressure."""
        self._check_use()
        native = codec._native  # noqa: SLF001 - a function in between would hold another reference to the value
        self._results.append(copied(value) if native is None else native.own(value, COLLECTED, OWNERSHIP))
        if len(self._results) >= EMIT_SIZE:
            self.flush()

    def collect_many(self, values: Iterable[Any]) -> None:
        """Takes any number of records; may block on back-pressure."""
        self._check_use()
        lazy = iter(values)
        more = True
        while more:
            piece: list[Any] = []  # the iterator may use the collector itself
            more = take_values(lazy, EMIT_SIZE, piece)
            self._results += piece
            if len(self._results) >= EMIT_SIZE:
                self.flush()

    def _check_use(self) -> None:
        if threading.get_ident() != self._owner:
            self.misuse = RuntimeError(
                f"collect was called on thread {threading.current_thread().name}; "
                "call it on the thread that the function is called on"
            )
            raise self.misuse
        if self._closed:
            raise RuntimeError("collect was called after the function was closed")

    def check(self) -> None:
        """Raises what was wrong with a call on another thread."""
        if self.misuse is not None:
            raise RuntimeError(str(self.misuse))

    def at(self, timestamp: int) -> None:
        """Sets the time of the records that are collected from now on."""
        self._builder.at(timestamp)

    def rest(self) -> Batch:
        """Gives away what was collected and not handed on."""
        batch = self._builder.build()
        self._results = self._builder.values
        return batch

    def flush(self) -> None:
        """Hands on what was collected."""
        results = self.rest()
        try:
            self._emit(results)
        except BaseException as error:
            self._failure = error
            raise

    def close_with(self, close: Callable[[], None]) -> None:
        """Closes the user's function, and hands on what it collects at that; nothing is taken any more."""
        if self._failure is not None:  # the task ends for another reason, and nobody would take it
            close()
            return
        try:
            close()
        except BaseException:
            self.raise_failure()
            raise
        self.raise_failure()
        self._closed = True
        self.flush()

    def raise_failure(self) -> None:
        """Raises what went wrong downstream, even if the user's code has swallowed it."""
        if self._failure is not None:
            raise self._failure


class CollectingOperator(UserOperator[F]):
    """Calls a user's function for each record with a collector.

    The function may also be a generator: what it yields is collected.
    """

    verb = "process"

    def open(self) -> None:  # noqa: D102
        self._collector = self.new_collector()
        super().open()

    def new_collector(self) -> EmittingCollector:
        """Creates the collector that the function is given."""
        return EmittingCollector(self.emit)

    def collect_all(self, batch: Batch, call: Callable[[int, EmittingCollector], object]) -> Results:
        """Handles one batch: `call(position, collector)` for each record, and returns what was not emitted.

        Raises:
            OperatorError: The user's function failed.
        """
        values, timestamps, collector = batch.values, batch.timestamps, self._collector
        for position in range(len(values)):
            if timestamps is not None:
                collector.at(timestamps[position])
            try:
                returned = call(position, collector)
                if returned is not None:
                    collect_yielded(self.verb, returned, collector)
                if collector.misuse is not None:
                    collector.check()
            except BaseException as error:
                collector.raise_failure()
                collector.rest()  # what the record has emitted is not to go with the next one
                raise self.failure(values, position) from error
            collector.raise_failure()
        self.records_in += len(values)
        return self.results(collector.rest())

    def close(self) -> None:  # noqa: D102
        self._collector.close_with(self._close_function)

    def _close_function(self) -> None:
        super().close()
        try:
            self._collector.check()
        except RuntimeError as error:
            raise self.error() from error


def collect_yielded(verb: str, returned: object, collector: EmittingCollector) -> None:
    """Collects what a function yields that was given a collector.

    A list or tuple is refused: a lambda returns one by accident, `lambda value, c: (c.collect(value), …)`.
    """
    if not isinstance(returned, Iterator):
        raise refusal(verb, returned, "it has to collect or yield its records, and to return nothing")
    with suppress(StopIteration):
        while True:
            collector.collect(next(returned))  # without a name, which would be another reference to the record
