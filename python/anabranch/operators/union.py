"""union: the records of all inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anabranch.operators.operator import Operator, Results


class UnionOperator(Operator):
    """Emits every record as it came."""

    def process(self, values: Sequence[Any], keys: Sequence[Any] | None) -> Results:  # noqa: ARG002, D102
        self.records_in += len(values)
        return self.results(values)

    def pass_over(self) -> None:  # noqa: D102
        super().pass_over()
        self.records_out += 1
