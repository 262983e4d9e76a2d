"""key_by: computes the key of each record; the record passes unchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.worker.operators.operator import Results, position_of
from anabranch.worker.operators.returned import ASYNC, first_of, refusal
from anabranch.worker.operators.user_operator import UserOperator


class KeyByOperator(UserOperator[Callable[[Any], Any]]):
    """Emits the record with the key `function(record)`."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        function = self.function
        iterator = iter(values)
        try:
            new_keys = [function(value) for value in iterator]
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        unusable = first_of(ASYNC, new_keys)
        if unusable >= 0:
            raise self.failure(values, unusable) from refusal("key_by", new_keys[unusable], "")
        self.records_in += len(values)
        return self.results(values, new_keys)
