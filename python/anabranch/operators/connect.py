"""connect: one function with a method for each of two inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.api.functions import CoProcessFunction
from anabranch.operators.collecting import CollectingOperator
from anabranch.operators.operator import Results
from anabranch.records.batch import Batch


class ConnectOperator(CollectingOperator[Callable[[], CoProcessFunction[Any, Any, Any]]]):
    """Emits everything that `process1` or `process2` collects."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        return self.process_input(0, batch)

    def process_input(self, index: int, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        methods = self.function()
        method, self.verb = (methods.process2, "process2") if index else (methods.process1, "process1")
        return self.collect_all(batch, lambda position, collector: method(values[position], collector))
