"""The getters of `RuntimeContext`, for functions that were written for Ray Streaming. New ones read the attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class _Attributes(Protocol):
    @property
    def task_id(self) -> int: ...
    @property
    def task_index(self) -> int: ...
    @property
    def parallelism(self) -> int: ...
    @property
    def operator_id(self) -> int: ...
    @property
    def operator_name(self) -> str: ...
    @property
    def config(self) -> Mapping[str, str]: ...
    @property
    def job_config(self) -> Mapping[str, str]: ...
    @property
    def job_id(self) -> str: ...
    @property
    def incarnation(self) -> int: ...


class FormerGetters:
    """Each getter returns the attribute of its name."""

    def get_job_id(self: _Attributes) -> str:
        """Returns `job_id`."""
        return self.job_id

    def get_incarnation(self: _Attributes) -> int:
        """Returns `incarnation`."""
        return self.incarnation

    def get_task_id(self: _Attributes) -> int:
        """Returns `task_id`."""
        return self.task_id

    def get_task_index(self: _Attributes) -> int:
        """Returns `task_index`."""
        return self.task_index

    def get_parallelism(self: _Attributes) -> int:
        """Returns `parallelism`."""
        return self.parallelism

    def get_operator_id(self: _Attributes) -> int:
        """Returns `operator_id`."""
        return self.operator_id

    def get_operator_name(self: _Attributes) -> str:
        """Returns `operator_name`."""
        return self.operator_name

    def get_config(self: _Attributes) -> Mapping[str, str]:
        """Returns `config`."""
        return self.config

    def get_job_config(self: _Attributes) -> Mapping[str, str]:
        """Returns `job_config`."""
        return self.job_config
