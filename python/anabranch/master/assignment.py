"""Which workers a job has, and which tasks each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from anabranch.master.execution import Executions
from anabranch.master.worker import Worker
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1.master_pb2 import AssignedWorker, MasterState


class Assignment:
    """The workers of a job and its tasks. Each task has one worker; a standby has no tasks.

    Attributes:
        workers: By their ids; those that were given up are not among them.
        tasks: By their ids.
    """

    def __init__(self, plan: ExecutionPlan) -> None:
        """Begins with the workers of the plan, none of which was started."""
        self.workers = {worker.worker_id: Worker(worker) for worker in plan.workers}
        worker_of = {task: worker for worker in self.workers.values() for task in worker.plan.task_ids}
        self.tasks = Executions(plan.tasks, worker_of)

    @property
    def all_connected(self) -> bool:
        """True if every worker is."""
        return all(worker.stream is not None for worker in self.workers.values())

    @property
    def all_live(self) -> bool:
        """True if no task is being recovered, or will have to be as far as is known."""
        return not self.tasks.recovering and not any(worker.dying for worker in self.workers.values())

    def add(self, worker: Worker) -> None:
        """Takes in a worker that was not planned."""
        self.workers[worker.worker_id] = worker

    def remove(self, worker: Worker) -> None:
        """Gives a worker up; what it says is not heard any more."""
        self.workers.pop(worker.worker_id, None)

    def give(self, worker: Worker, task_ids: Iterable[int]) -> None:
        """Gives a worker these tasks, which another one had."""
        worker.plan = replace(worker.plan, task_ids=tuple(task_ids))
        for task in worker.plan.task_ids:
            self.tasks[task].worker = worker

    def tell_all(self, message: control.MasterMessage) -> None:
        """Sends a message to every worker that is connected."""
        for worker in self.workers.values():
            worker.send(message)

    def save_to(self, state: MasterState) -> None:
        """Notes who has which tasks, as which incarnations."""
        for task in self.tasks.values():
            state.incarnations[task.task_id] = task.descriptor.incarnation
        state.workers.extend(
            AssignedWorker(
                worker_id=worker.worker_id,
                language=worker.language,
                task_ids=worker.plan.task_ids,
                place_of=worker.place_of,
            )
            for worker in self.workers.values()
            if not worker.is_standby
        )

    def load_from(self, state: MasterState) -> None:
        """Takes over the workers of another master."""
        for task_id, incarnation in state.incarnations.items():
            self.tasks[task_id].descriptor.incarnation = incarnation
        self.workers.clear()
        for saved in state.workers:
            worker = Worker(WorkerPlan(saved.worker_id, saved.language, ()), place_of=saved.place_of)
            self.add(worker)
            self.give(worker, saved.task_ids)
