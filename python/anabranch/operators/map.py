"""map: one record out for each record in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.operators.operator import Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch
from anabranch.records.ownership import map_values


class MapOperator(UserOperator[Callable[[Any], Any]]):
    """Emits `function(record)`."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        results: list[Any] = []
        try:
            map_values(self.function, values, results)
        except BaseException as error:
            raise self.failure(values, len(results)) from error
        self.records_in += len(values)
        return self.results(batch.with_values(results))
