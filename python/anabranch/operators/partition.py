"""partition_by: the life of the function that chooses where the records of an edge go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.operators.operator import OperatorError, Results
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch

HINT = "it comes from the function of partition_by, for operator {consumer}"


class PartitionOperator(UserOperator[Callable[[Any, int], Any]]):
    """Opens, saves and closes the function of an edge, which the edge itself calls.

    Its errors are those of the operator that emits, and say whose function it was.

    Attributes:
        consumer: Name of the operator that the records go to.
    """

    consumer = ""

    def process(self, batch: Batch) -> Results:
        """Is never called: records go to the edge."""
        raise NotImplementedError

    def error(self) -> OperatorError:  # noqa: D102
        return OperatorError(self.name, -1, None, HINT.format(consumer=self.consumer))
