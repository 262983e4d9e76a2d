"""Leaves out the records at which an operator's function fails, or hands them on as dead letters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from anabranch.errors import RecordError
from anabranch.operators.operator import Emit, Operator, OperatorError, Results
from anabranch.records.batch import Batch
from anabranch.records.ownership import own
from anabranch.replay.errors import NondeterminismError
from anabranch.state.keyed import KeyedState
from anabranch.text import error_line, shown

logger = logging.getLogger(__name__)

_SHOWN = 10


class SkippingOperator(Operator):
    """Has another operator take the records one by one, and continues with the next one where that fails.

    What the function has emitted for the failing record is left out too, unless it is so much that it had to be sent.
    """

    def __init__(self, operator: Operator, dead_letters: Callable[[OperatorError], None] | None = None) -> None:
        """Takes the operator, and what takes the errors of records instead of the log."""
        super().__init__(operator.operator_id, operator.name)
        self.skipped = 0
        self._dead_letters = dead_letters or self._warn
        self._operator = operator
        operator.leave_out = self._leave_out

    def connect(self, emit: Emit) -> None:  # noqa: D102
        super().connect(emit)
        self._operator.connect(emit)

    def open(self) -> None:  # noqa: D102
        self._operator.open()

    def process(self, batch: Batch) -> Results:  # noqa: D102
        return self.process_input(0, batch)

    def process_input(self, index: int, batch: Batch) -> Results:  # noqa: D102
        operator = self._operator
        for position, value in enumerate(batch.values):
            came = own(value)
            try:
                results = operator.process_input(index, batch.slice(position, position + 1))
            except OperatorError as error:
                if error.record is value:
                    error.record = came
                self._leave_out(error)
                operator.records_in += 1
            else:
                if results is not None:
                    self._emit_next(results)
        self._count()
        return None

    def refuse(self, record: Any, error: RecordError) -> None:
        """Leaves out a record that could not be made when it arrived, so that the function never saw it.

        Args:
            record: What of it could be read.
            error: Why it could not be made.
        """
        failure = OperatorError(self.name, self._operator.records_in, record)
        failure.__cause__ = error
        self._leave_out(failure)
        self._operator.pass_over()
        self._count()

    def _count(self) -> None:
        self.records_in, self.records_out = self._operator.records_in, self._operator.records_out

    def _leave_out(self, error: OperatorError) -> None:
        if not self._is_of_the_record(error):
            raise error
        self.skipped += 1
        self._dead_letters(error)

    def _is_of_the_record(self, error: OperatorError) -> bool:
        """Returns False if something else is wrong than that the function fails at this record."""
        cause = error.__cause__
        is_failure = isinstance(cause, Exception) and not isinstance(cause, NondeterminismError)
        return is_failure and error.operator == self.name and error.position >= 0

    @property
    def keyed_states(self) -> Sequence[KeyedState[Any]]:  # noqa: D102
        return self._operator.keyed_states

    def keyed_states_loaded(self) -> None:  # noqa: D102
        self._operator.keyed_states_loaded()

    def save(self, checkpoint: int) -> list[Any] | None:  # noqa: D102
        return self._operator.save(checkpoint)

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        self._operator.records_in, self._operator.records_out = self.records_in, self.records_out
        self._operator.load(saved)

    def save_function(self) -> list[Any]:  # noqa: D102
        return self._operator.save_function()

    def load_function(self, saved: list[Any]) -> None:  # noqa: D102
        self._operator.records_in, self._operator.records_out = self.records_in, self.records_out
        self._operator.load_function(saved)

    def start(self) -> None:  # noqa: D102
        self._operator.start()

    def commit(self, checkpoint: int) -> None:  # noqa: D102
        self._operator.commit(checkpoint)

    @property
    def needs_commit(self) -> bool:  # noqa: D102
        return self._operator.needs_commit

    def commit_at_end(self) -> None:  # noqa: D102
        self._operator.commit_at_end()

    def finish(self) -> None:  # noqa: D102
        self._operator.finish()
        self._count()

    def close(self) -> None:  # noqa: D102
        self._operator.close()
        self.records_out = self._operator.records_out
        if self.skipped > _SHOWN and self._dead_letters == self._warn:
            logger.warning("operator %s has skipped %d records", self.name, self.skipped)

    def _warn(self, error: OperatorError) -> None:
        if self.skipped <= _SHOWN:
            logger.warning(
                "operator %s skips record %d, %s: %s",
                self.name,
                error.position,
                shown(error.record),
                error_line(error if error.__cause__ is None else error.__cause__),
            )
