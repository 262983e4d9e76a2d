"""What is to be deployed where."""

from __future__ import annotations

from dataclasses import dataclass

from anabranch.v1.control_pb2 import TaskDescriptor
from anabranch.v1.graph_pb2 import Language


@dataclass(frozen=True)
class WorkerPlan:
    """One worker and the tasks it runs, all of its own language."""

    worker_id: str
    language: Language
    task_ids: tuple[int, ...]


@dataclass(frozen=True)
class ExecutionPlan:
    """The tasks of a job, from sources to sinks, and the workers that run them.

    Attributes:
        job_name: Name of the job.
        chains: Per chain its tasks, in the order of their subtasks.
        workers: Every task is in exactly one of them.
    """

    job_name: str
    chains: tuple[tuple[TaskDescriptor, ...], ...]
    workers: tuple[WorkerPlan, ...]

    @property
    def tasks(self) -> tuple[TaskDescriptor, ...]:
        """Every task, in the order of the task ids."""
        return tuple(task for chain in self.chains for task in chain)

    def describe(self) -> str:
        """Returns the plan as text, for people."""
        from anabranch.plan.describe import describe  # noqa: PLC0415 - it needs this module

        return describe(self)
