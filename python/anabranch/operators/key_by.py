"""key_by: computes the key of each record; the record passes unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.operators.operator import Results
from anabranch.operators.returned import ASYNC, first_of, refusal
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch
from anabranch.records.ownership import look_at_values


class KeyByOperator(UserOperator[Callable[[Any], Any]]):
    """Emits the record with the key `function(record)`."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        records, new_keys = list(values) if type(values) is not list else values, list[Any]()
        try:
            look_at_values(self.function, records, new_keys, truth=False)
        except BaseException as error:
            raise self.failure(values, len(new_keys)) from error
        unusable = first_of(ASYNC, new_keys)
        if unusable >= 0:
            raise self.failure(values, unusable) from refusal("key_by", new_keys[unusable], "")
        self.records_in += len(values)
        return self.results(Batch(records, new_keys, batch.timestamps))
