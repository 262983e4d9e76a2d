"""What a master learns from workers that had another master before it."""

from __future__ import annotations

from collections.abc import Callable

from anabranch.master.assignment import Assignment
from anabranch.master.job_life import JobLife
from anabranch.v1 import control_pb2 as control


class Reconnection:
    """Hears from the workers of a master that is gone what their tasks have done under it."""

    def __init__(
        self,
        assignment: Assignment,
        life: JobLife,
        *,
        on_deployed: Callable[[control.TaskDeployed], None],
        on_status: Callable[[control.TaskStatus], None],
    ) -> None:
        """Has heard nothing yet.

        Args:
            assignment: Who has which task.
            life: Of the job.
            on_deployed: Takes what a worker would have said when a task was deployed.
            on_status: Takes what it would have said when the task entered its state.
        """
        self._assignment = assignment
        self._life = life
        self._on_deployed = on_deployed
        self._on_status = on_status
        self._new_workers: list[str] = []  # those that have come without a past
        self._found_running = False  # a worker has come with tasks that another master has connected

    def learn(self, hello: control.WorkerHello) -> None:
        """Takes what a worker says of itself when it comes.

        Without checkpoints nobody can go on with the tasks of a worker that has died meanwhile: the job ends.
        """
        if not hello.set_up:
            self._new_workers.append(hello.worker_id)
        for snapshot in hello.tasks:
            if snapshot.connected:
                self._assignment.tasks[snapshot.status.task_id].connected = True
                self._found_running = True
        if self._found_running and self._new_workers and not self._life.recoverable:
            self._life.fail(f"worker {', '.join(self._new_workers)} has died while the job master was away")
            return
        for snapshot in hello.tasks:
            if snapshot.HasField("deployed"):
                self._on_deployed(snapshot.deployed)
            if snapshot.status.state != control.TASK_STATE_CREATED:
                self._on_status(snapshot.status)
