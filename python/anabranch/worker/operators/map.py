"""map: one record out for each record in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.worker.operators.operator import Results, position_of
from anabranch.worker.operators.user_operator import UserOperator


class MapOperator(UserOperator[Callable[[Any], Any]]):
    """Emits `function(record)`."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        function = self.function
        iterator = iter(values)
        try:
            results = list(map(function, iterator))
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        self.records_in += len(values)
        return self.results(results)
