"""The twin of the checkpoint coordinator for jobs without checkpoints."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from anabranch.job import CompletedCheckpoint
from anabranch.master.assignment import Assignment
from anabranch.master.execution import Execution
from anabranch.master.job_life import JobLife
from anabranch.v1.control_pb2 import Snapshot
from anabranch.v1.master_pb2 import MasterState


class NoCheckpoints:
    """Does what is left of `CheckpointCoordinator`, and can be asked the same: the job is done when its tasks are."""

    last = 0
    snapshots: Mapping[int, Snapshot] = {}
    failures = 0
    last_completed: CompletedCheckpoint | None = None
    is_behind_tasks = False
    pending: int | None = None
    began = 0.0
    begun: tuple[int, float] | None = None
    missing: frozenset[int] = frozenset()
    all_ended = False

    def __init__(self, assignment: Assignment, life: JobLife) -> None:
        self._assignment = assignment
        self._life = life

    async def check(self) -> None:
        """Has nothing to check."""

    def save_to(self, state: MasterState) -> None:
        """Knows nothing."""

    async def load_from(self, state: MasterState) -> None:
        """There was nothing to go on from."""

    def resume(self) -> None:
        """Nothing is committed."""

    async def begin_if_due(self, now: float) -> None:
        """Begins none."""

    def note_logs(self, n_bytes: int) -> None:
        """There are no logs."""

    def take(self, task: int, snapshot: Snapshot) -> None:
        """Tasks take none."""

    def give_up(self, number: int, why: str) -> None:
        """None is written."""

    def task_is_live_again(self, task: Execution) -> None:
        """No task begins again."""

    async def settle(self) -> None:
        """Has nothing to wait for."""

    async def stop(self, timeout: float) -> None:
        """Has nothing to wait for."""

    def abandon(self) -> None:
        """Nothing is pending."""

    def forget(self, tasks: Collection[int]) -> None:
        """Has nothing of them."""

    def complete_if_whole(self) -> None:
        """Nothing is pending."""

    async def complete_last(self) -> None:
        """Completes none."""

    def commit_if_finished(self) -> None:
        """The job is done once all tasks have finished."""
        if self._assignment.tasks.all_finished:
            self._life.succeed()

    def committed(self, task: Execution, number: int) -> None:
        """Nothing is committed."""
