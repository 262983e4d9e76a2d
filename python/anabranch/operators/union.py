"""union: the records of all inputs."""

from __future__ import annotations

from anabranch.operators.operator import Operator, Results
from anabranch.records.batch import Batch


class UnionOperator(Operator):
    """Emits every record as it came."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        self.records_in += len(values)
        return self.results(batch.with_values(values))

    def pass_over(self) -> None:  # noqa: D102
        super().pass_over()
        self.records_out += 1
