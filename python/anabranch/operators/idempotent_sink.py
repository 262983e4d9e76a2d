"""sink: hands each record, and what identifies it, to the user's function."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, TypeAlias

from anabranch.operators.operator import Results, position_of
from anabranch.operators.sink import check_sunk
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch

# Where the records that the task handles come from: a channel, and how many records went before on it.
Origin: TypeAlias = "tuple[int, int]"


class IdempotentSinkOperator(UserOperator[Callable[[str, Any], object]]):
    """Calls `function(record id, record)` for each record, in order; emits nothing.

    A record is identified by its place on the channel that it has come on: what a producer sends there is the same
    after every recovery. So the operator must be the first of its task.
    """

    def read_from(self, job_id: str, origin: Callable[[], Origin]) -> None:
        """Sets who knows where the batch at hand comes from."""
        self._job_id = job_id
        self._origin_of_batch = origin
        self._origin: Origin = (0, -1)
        self._taken_before = 0

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        channel, before = self._enter_batch()
        prefix = f"{self._job_id}/{channel}/"
        function = self.function
        iterator = iter(values)
        numbers = count(before + self.records_in - self._taken_before)
        try:
            for value in iterator:
                returned = function(f"{prefix}{next(numbers)}", value)
                if returned is not None:
                    check_sunk(returned)
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        self.records_in += len(values)
        return None

    def pass_over(self) -> None:  # noqa: D102
        self._enter_batch()
        super().pass_over()

    def _enter_batch(self) -> Origin:
        origin = self._origin_of_batch()
        if origin != self._origin:  # else it is another part of the same batch
            self._origin, self._taken_before = origin, self.records_in
        return origin
