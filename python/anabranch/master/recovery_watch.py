"""Notices recoveries that do not get on."""

from __future__ import annotations

import time
from collections.abc import Collection

_FIRST_WARNING = 10.0


class RecoveryWatch:
    """Knows since when tasks are to be deployed again, and when one of those being recovered was seen to get on."""

    def __init__(self, timeout: float) -> None:
        """Begins without a recovery.

        Args:
            timeout: Seconds that a task may take to be deployed, and that may pass without anything getting on.
        """
        self._timeout = timeout
        self._deploying: dict[int, float] = {}
        self._began = self._moved_at = 0.0
        self._next_warning = _FIRST_WARNING

    def deploys(self, tasks: Collection[int]) -> None:
        """Tasks are to be deployed now, on workers that may still have to start."""
        self._began = self._moved_at = time.monotonic()
        self._next_warning = _FIRST_WARNING
        self._deploying.update(dict.fromkeys(tasks, self._began))

    def worker_started(self, tasks: Collection[int]) -> None:
        """The worker that these tasks are deployed on is there only now."""
        for task in self._deploying.keys() & set(tasks):
            self._deploying[task] = time.monotonic()

    def deployed(self, task: int) -> None:
        """A task was deployed, or is not to be."""
        self._deploying.pop(task, None)
        self.moved()

    def moved(self) -> None:
        """A task that is being recovered has got on."""
        self._moved_at = time.monotonic()

    def excuse(self, seconds: float) -> None:
        """For so long nobody could be heard."""
        self._moved_at += seconds
        self._began += seconds
        for task in self._deploying:
            self._deploying[task] += seconds

    def is_deploying(self, task: int) -> bool:
        """Returns whether the task is still to be deployed."""
        return task in self._deploying

    def late(self, recovering: Collection[int], now: float) -> set[int]:
        """Returns those of the tasks being recovered that have used up their time."""
        deploying = self._deploying.keys() & set(recovering)
        if deploying:
            return {task for task in deploying if now - self._deploying[task] > self._timeout}
        return set(recovering) if now - self._moved_at > self._timeout else set()

    def seconds_to_warn_of(self, now: float) -> float | None:
        """Returns for how long the recovery has lasted if it is time to say so, less and less often."""
        seconds = now - self._began
        if seconds < self._next_warning:
            return None
        self._next_warning = 2 * seconds
        return seconds
