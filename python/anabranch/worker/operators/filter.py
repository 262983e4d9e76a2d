"""filter: keeps the records for which the function is true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

from anabranch.worker.operators.operator import Results, position_of
from anabranch.worker.operators.returned import UNSTARTED, first_of, refusal
from anabranch.worker.operators.user_operator import UserOperator


class FilterOperator(UserOperator[Callable[[Any], object]]):
    """Emits the record if `function(record)` is true."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        function = self.function
        iterator = iter(values)
        verdicts: list[object] = []
        try:
            for value in iterator:
                verdict = function(value)
                verdicts.append(verdict if verdict is True or verdict is False else _truth_of(verdict))
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        self.records_in += len(values)
        return self.results(list(compress(values, verdicts)))


def _truth_of(verdict: object) -> bool:
    if first_of(UNSTARTED, [verdict]) == 0:
        raise refusal("filter", verdict, "return whether to keep the record")
    return bool(verdict)
