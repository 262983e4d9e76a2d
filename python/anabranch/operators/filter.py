"""filter: keeps the records for which the function is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.operators.operator import Results
from anabranch.operators.returned import UNSTARTED, first_of, refusal
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch
from anabranch.records.ownership import look_at_values


class FilterOperator(UserOperator[Callable[[Any], object]]):
    """Emits the record if `function(record)` is true."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        records, verdicts = list(values) if type(values) is not list else values, list[Any]()
        try:
            look_at_values(self.function, records, verdicts, truth=True)
        except BaseException as error:
            raise self.failure(values, len(verdicts)) from error
        unusable = first_of(UNSTARTED, verdicts)
        if unusable >= 0:
            reason = refusal("filter", verdicts[unusable], "return whether to keep the record")
            raise self.failure(values, unusable) from reason
        self.records_in += len(records)
        kept = batch.with_values(records).filter(verdicts)
        records.clear()  # what is kept belongs to the next operator alone
        return self.results(kept)
