"""filter: keeps the records for which the function is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.worker.operators.operator import Results, position_of
from anabranch.worker.operators.user_operator import UserOperator


class FilterOperator(UserOperator[Callable[[Any], object]]):
    """Emits the record if `function(record)` is true."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        function = self.function
        iterator = iter(values)
        try:
            results = [value for value in iterator if function(value)]
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        self.records_in += len(values)
        return self.results(results)
