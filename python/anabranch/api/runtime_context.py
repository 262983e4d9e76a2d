"""What a function is told about the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RuntimeContext:
    """Handed to `Function.open`. Each operator of a chain has its own."""

    task_id: int
    task_index: int
    parallelism: int
    operator_id: int
    operator_name: str
    config: Mapping[str, str]
    job_config: Mapping[str, str]

    def get_task_id(self) -> int:
        """Returns the task's id, unique in the job. Chained operators share a task."""
        return self.task_id

    def get_task_index(self) -> int:
        """Returns the parallel index of this subtask, from 0."""
        return self.task_index

    def get_parallelism(self) -> int:
        """Returns the number of subtasks of the operator."""
        return self.parallelism

    def get_operator_id(self) -> int:
        """Returns the operator's id, unique in the job."""
        return self.operator_id

    def get_operator_name(self) -> str:
        """Returns the operator's name, unique in the job."""
        return self.operator_name

    def get_config(self) -> Mapping[str, str]:
        """Returns the operator's configuration: what `with_config` set, on top of the job's."""
        return self.config

    def get_job_config(self) -> Mapping[str, str]:
        """Returns the job's configuration: every option, those of the user's own too."""
        return self.job_config
