"""sink: hands each record to the user's function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.worker.operators.operator import position_of
from anabranch.worker.operators.user_operator import UserOperator


class SinkOperator(UserOperator[Callable[[Any], object]]):
    """Calls `function(record)` for each record, in order; emits nothing."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> None:  # noqa: ARG002, D102
        function = self.function
        iterator = iter(values)
        try:
            for value in iterator:
                function(value)
        except BaseException as error:
            raise self.failure(values, position_of(values, iterator)) from error
        self.records_in += len(values)
