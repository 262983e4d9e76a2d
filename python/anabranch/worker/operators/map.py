"""map: one record out for each record in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.worker.operators.operator import Results, position_of
from anabranch.worker.operators.returned import ASYNC, first_of, refusal
from anabranch.worker.operators.user_operator import UserOperator


class MapOperator(UserOperator[Callable[[Any], Any]]):
    """Emits `function(record)`."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        function = self.function
        iterator = iter(values)
        try:
            # Not list(map(…)), which takes a StopIteration of the function for the end of the batch.
            results = [function(value) for value in iterator]
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        unusable = first_of(ASYNC, results)
        if unusable >= 0:
            raise self.failure(values, unusable) from refusal("map", results[unusable], "")
        self.records_in += len(values)
        return self.results(results)
