"""The records that a job has collected, on their way to its client."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from anabranch.master.assignment import Assignment
from anabranch.master.collected import CollectedBatches
from anabranch.master.execution import Execution
from anabranch.master.job_life import JobLife, Phase
from anabranch.master.worker import Worker
from anabranch.v1 import control_pb2 as control
from anabranch.v1.gateway_pb2 import TakenBack
from anabranch.v1.master_pb2 import MasterState

_LOOK_INTERVAL = 0.01


class Results:
    """Keeps what was collected until the client has it; each record once, however often its task begins again.

    Attributes:
        batches: Those that the client has not fetched yet.
        taken_back: What the client may have to drop of those that it has.
    """

    def __init__(self, assignment: Assignment, life: JobLife, *, kept_by_workers: bool) -> None:
        """Begins without any.

        Args:
            assignment: Who has which task.
            life: Of the job.
            kept_by_workers: A worker has to keep a batch until the client has it, for this master may end before the
                job does.
        """
        self.batches = CollectedBatches()
        self.taken_back: list[TakenBack] = []
        self._assignment = assignment
        self._life = life
        self._kept_by_workers = kept_by_workers

    def take(self, worker: Worker, batch: control.CollectedBatch) -> None:
        """Takes a batch that a worker has sent."""
        if not self._assignment.tasks[batch.task_id].is_current(batch.incarnation):
            return
        if self.batches.add(batch) and not self._kept_by_workers:
            worker.send(_acknowledgement(batch.task_id, batch.seq))

    def acknowledge(self, received: Mapping[int, int]) -> None:
        """Takes note that the client has the batches of these tasks up to these numbers."""
        self.batches.forget(received)
        tasks = self._assignment.tasks
        for task_id, seq in received.items():
            if task_id in tasks:
                tasks[task_id].worker.send(_acknowledgement(task_id, seq))

    def take_back(self, task: Execution) -> None:
        """Drops what a task that begins again will collect once more, and has the client drop it."""
        if not task.collects:
            return
        descriptor = task.descriptor
        back = TakenBack(task_id=task.task_id, incarnation=descriptor.incarnation, epoch=descriptor.restore.number)
        self.taken_back.append(back)
        self.batches.take_back(back)

    def are_safe_before(self, epoch: int) -> bool:
        """Returns whether the workers may forget what was collected in earlier epochs."""
        return not self._kept_by_workers or not self.batches.any_before(epoch)

    async def wait_until_safe(self, epoch: int) -> None:
        """Waits until the workers may forget what was collected in earlier epochs.

        Raises:
            JobCancelledError: The job was cancelled meanwhile.
        """
        while not self.are_safe_before(epoch):
            if self._life.phase is Phase.CANCELLING:
                raise self._life.job_log.cancelled()
            await asyncio.sleep(_LOOK_INTERVAL)

    def save_to(self, state: MasterState) -> None:
        """Notes what the client may have to drop."""
        state.taken_back.extend(self.taken_back)

    def load_from(self, state: MasterState) -> None:
        """Takes over from another master."""
        self.taken_back = list(state.taken_back)


def _acknowledgement(task_id: int, seq: int) -> control.MasterMessage:
    return control.MasterMessage(collected_ack=control.CollectedAck(task_id=task_id, seq=seq))
