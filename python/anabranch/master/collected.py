"""What COLLECT operators have sent, each record once, however often their tasks begin again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anabranch.v1.control_pb2 import CollectedBatch
from anabranch.v1.gateway_pb2 import TakenBack


class CollectedBatches:
    """Batches of COLLECT operators in the order in which they have come, with the master or with the client.

    The numbers of a task's batches grow, also from one incarnation to the next. A task that begins again at a
    checkpoint collects once more what came behind it, maybe in another order: what there was of it is taken back.

    Attributes:
        by_operator: The batches by the id of the operator.
        last: By task the number of the last batch that has come.
    """

    def __init__(self) -> None:
        self.by_operator: dict[int, list[CollectedBatch]] = {}
        self.last: dict[int, int] = {}

    def __iter__(self) -> Iterator[CollectedBatch]:
        for batches in self.by_operator.values():
            yield from batches

    def add(self, batch: CollectedBatch) -> bool:
        """Takes a batch; returns False if it was there before: it is sent again where that is not known."""
        if batch.seq <= self.last.get(batch.task_id, 0):
            return False
        self.last[batch.task_id] = batch.seq
        self.by_operator.setdefault(batch.operator_id, []).append(batch)
        return True

    def take_back(self, back: TakenBack) -> None:
        """Drops what will come once more. To do so twice changes nothing."""
        for operator, batches in self.by_operator.items():
            self.by_operator[operator] = [
                batch
                for batch in batches
                if batch.task_id != back.task_id or batch.incarnation >= back.incarnation or batch.epoch < back.epoch
            ]

    def forget(self, received: Mapping[int, int]) -> None:
        """Drops the batches of these tasks up to these numbers: another has them."""
        for operator, batches in self.by_operator.items():
            self.by_operator[operator] = [batch for batch in batches if batch.seq > received.get(batch.task_id, 0)]

    def any_before(self, epoch: int) -> bool:
        """Returns whether there is a batch of an earlier epoch."""
        return any(batch.epoch < epoch for batch in self)
