"""sink: hands each record to the user's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.checkpoint.numbers import FINAL
from anabranch.operators.operator import Results, position_of
from anabranch.operators.returned import is_unstarted, refusal
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch


class SinkOperator(UserOperator[Callable[[Any], object]]):
    """Calls `function(record)` for each record, in order; emits nothing.

    For a transactional function it opens transactions, closes them at checkpoints, and commits them once the checkpoint
    is complete.
    """

    def open(self) -> None:  # noqa: D102
        super().open()
        self._transactions = self._user_function.transactional
        self._closed: list[list[Any]] = []  # checkpoint and handle of transactions that are not committed yet

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        function = self.function
        iterator = iter(values)
        try:
            for value in iterator:
                returned = function(value)
                if returned is not None:
                    check_sunk(returned)
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        self.records_in += len(values)
        return None

    def save(self, checkpoint: int) -> list[Any] | None:
        """Closes the transaction and opens the next; returns checkpoint and handle of those that are not committed."""
        transactions = self._transactions
        if transactions is None:
            return None
        handle = self._call(lambda: transactions.pre_commit(checkpoint))
        if handle is not None:
            self._closed.append([checkpoint, handle])
        if checkpoint != FINAL:
            self._call(transactions.begin_transaction)
        return list(self._closed)

    def load(self, saved: list[Any]) -> None:  # noqa: D102
        self._closed = list(saved)

    def start(self) -> None:  # noqa: D102
        if self._transactions is not None:
            self._call(self._transactions.begin_transaction)

    def commit(self, checkpoint: int) -> None:
        """Commits the transactions that belong to this checkpoint and those before it.

        Raises:
            OperatorError: The user's `commit` failed.
        """
        transactions = self._transactions
        while transactions is not None and self._closed and self._closed[0][0] <= checkpoint:
            handle = self._closed[0][1]
            self._call(lambda handle=handle: transactions.commit(handle))  # type: ignore[misc]
            del self._closed[0]

    @property
    def needs_commit(self) -> bool:  # noqa: D102
        return self._transactions is not None

    def commit_at_end(self) -> None:  # noqa: D102
        if self._transactions is not None:
            self.save(FINAL)
            self.commit(FINAL)

    def _call(self, method: Callable[[], Any]) -> Any:
        try:
            return method()
        except BaseException as error:
            raise self.error() from error


def check_sunk(returned: object) -> None:
    """Refuses what says that the sink has done nothing; anything else that it returns is of no interest.

    Raises:
        TypeError: The function is a generator, or async.
    """
    if is_unstarted(returned):
        raise refusal("sink", returned, "a sink consumes the record before it returns")
