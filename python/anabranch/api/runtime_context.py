"""What a function is told about the place where it runs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from anabranch.api.former_getters import FormerGetters

R = TypeVar("R")


class Answers(Protocol):
    """What user code may ask that could be answered otherwise the next time."""

    def now(self) -> int:
        """Returns milliseconds since 1970."""

    def remembered(self, function: Callable[[], R]) -> R:
        """Returns what the function returns."""

    def random(self, operator_id: int) -> random.Random:
        """Returns the generator of an operator."""


class LiveAnswers:
    """Answers in a job without recovery."""

    def __init__(self) -> None:
        self._random = random.Random()  # noqa: S311 - nothing to do with secrets

    def now(self) -> int:
        """Reads the clock."""
        return int(time.time() * 1000)

    def remembered(self, function: Callable[[], R]) -> R:
        """Calls the function."""
        return function()

    def random(self, operator_id: int) -> random.Random:  # noqa: ARG002
        """Returns the generator of all operators."""
        return self._random


@dataclass(frozen=True)
class RuntimeContext(FormerGetters):
    """Handed to `Function.open`. Each operator of a chain has its own.

    What a function reads of a clock, at random or from another system, differs from run to run. `now`, `random` and
    `nondeterministic` give the same answers again when the task is recovered, as exactly-once results need them to.
    They may be called while a record is handled, on the task's thread.

    Attributes:
        task_id: The task's id, unique in the job. Chained operators share a task.
        task_index: The parallel index of this subtask, from 0.
        parallelism: The number of subtasks of the operator.
        operator_id: The operator's id, unique in the job.
        operator_name: The operator's name, unique in the job.
        config: The operator's configuration: what `with_config` set, on top of the job's.
        job_config: The job's configuration: every option, those of the user's own too.
        answers: Where `now`, `random` and `nondeterministic` get their answers from.
        job_id: The job's id, which no other job has.
        incarnation: How many times this subtask was begun before, after failures: greater in each new process.
    """

    task_id: int
    task_index: int
    parallelism: int
    operator_id: int
    operator_name: str
    config: Mapping[str, str]
    job_config: Mapping[str, str]
    answers: Answers = field(default_factory=LiveAnswers, repr=False, compare=False)
    job_id: str = ""
    incarnation: int = 0

    def now(self) -> int:
        """Returns milliseconds since 1970-01-01T00:00Z; in mode exactly_once the same throughout a batch of records."""
        return self.answers.now()

    def nondeterministic(self, function: Callable[[], R]) -> R:
        """Returns what `function()` returns: a value that a record may be. It is not called again in a recovery."""
        return self.answers.remembered(function)

    def random(self) -> random.Random:
        """Returns the operator's random generator, always the same object."""
        return self.answers.random(self.operator_id)
