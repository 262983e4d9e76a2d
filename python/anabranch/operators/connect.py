"""connect: one function with a method for each of two inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.api.functions import CoProcessFunction
from anabranch.operators.collecting import CollectingOperator
from anabranch.operators.operator import Results


class ConnectOperator(CollectingOperator[Callable[[], CoProcessFunction[Any, Any, Any]]]):
    """Emits everything that `process1` or `process2` collects."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: D102
        return self.process_input(0, values, keys)

    def process_input(self, index: int, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        methods = self.function()
        method, self.verb = (methods.process2, "process2") if index else (methods.process1, "process1")
        return self.collect_all(values, lambda position, collector: method(values[position], collector))
