"""map: one record out for each record in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.operators.operator import Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.ownership import map_values


class MapOperator(UserOperator[Callable[[Any], Any]]):
    """Emits `function(record)`."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        results: list[Any] = []
        try:
            map_values(self.function, values, results)
        except BaseException as error:
            raise self.failure(values, len(results)) from error
        self.records_in += len(values)
        return self.results(results)
