"""connect: one function with a method for each of two inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.api.functions import CoProcessFunction
from anabranch.worker.operators.flat_map import EmittingCollector
from anabranch.worker.operators.user_operator import UserOperator


class ConnectOperator(UserOperator[Callable[[], CoProcessFunction[Any, Any, Any]]]):
    """Emits everything that `process1` or `process2` collects."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> None:  # noqa: D102
        self.process_input(0, values, keys)

    def process_input(self, index: int, values: Sequence[Any], keys: Sequence[Any] | None) -> None:  # noqa: ARG002, D102
        methods = self.function()
        method = methods.process2 if index else methods.process1
        collector = EmittingCollector(self.emit)
        for position, value in enumerate(values):
            try:
                method(value, collector)
            except BaseException as error:
                collector.raise_failure()
                raise self.failure(values, position) from error
            collector.raise_failure()
        self.records_in += len(values)
        collector.flush()
