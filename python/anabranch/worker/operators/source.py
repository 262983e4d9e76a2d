"""source: asks the user's function for records, again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.api.functions import EndOfData
from anabranch.api.runtime_context import RuntimeContext
from anabranch.worker.functions import UserFunction
from anabranch.worker.operators.collecting import EmittingCollector
from anabranch.worker.operators.operator import OperatorError, Results
from anabranch.worker.operators.user_operator import UserOperator


class SourceOperator(UserOperator[Callable[[EmittingCollector], object]]):
    """Has no input: the task calls `fetch` instead of `process`, until `ended`."""

    def __init__(self, operator_id: int, name: str, user_function: UserFunction, context: RuntimeContext) -> None:
        super().__init__(operator_id, name, user_function, context)
        self.ended = False

    def open(self) -> None:  # noqa: D102
        try:
            self._user_function.init_source(self._context.get_parallelism(), self._context.get_task_index())
        except BaseException as error:
            raise OperatorError(self.name, -1, None) from error
        super().open()

    def fetch(self) -> bool:
        """Calls the user's `fetch` once and emits what it collected; returns whether it collected anything.

        Raises:
            OperatorError: The user's function failed.
        """
        before = self.records_out
        collector = EmittingCollector(self.emit)
        try:
            self.function(collector)
        except EndOfData:
            self.ended = True
        except BaseException as error:
            collector.raise_failure()
            raise OperatorError(self.name, -1, None) from error
        collector.raise_failure()
        collector.flush()
        return self.records_out > before

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:
        """Never called: a source has no input."""
        raise NotImplementedError
