"""Looks for what nobody reports."""

from __future__ import annotations

import asyncio
import contextlib
import time

from anabranch.config import Options
from anabranch.job import JobState
from anabranch.master.assignment import Assignment
from anabranch.master.checkpoint_coordinator import CheckpointCoordinator
from anabranch.master.failover import Failover
from anabranch.master.job_life import JobLife
from anabranch.master.no_checkpoints import NoCheckpoints
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.stalls import LateCheckpoints, StallDetector
from anabranch.master.worker_pool import WorkerPool
from anabranch.v1 import control_pb2 as control

_INTERVAL = 0.05
_STALL_INTERVAL = 0.5  # every task is looked at
_LATE = 1.0  # the event loop stood still if it comes so much later than it wanted


class Watch:
    """Has the parts of a master look at the clock: for workers that are gone, a slow deployment, stalls."""

    def __init__(
        self,
        options: Options,
        assignment: Assignment,
        *,
        checkpoints: CheckpointCoordinator | NoCheckpoints,
        pool: WorkerPool,
        failover: Failover,
        recovery_watch: RecoveryWatch,
        life: JobLife,
    ) -> None:
        self._assignment = assignment
        self._checkpoints = checkpoints
        self._pool = pool
        self._failover = failover
        self._recovery_watch = recovery_watch
        self._life = life
        self._deploy_timeout = options.integer("anabranch.deploy.timeout-ms") / 1000
        self._deploying_since: float | None = None
        self._stalls = StallDetector(options.integer("anabranch.stall.warn-ms") / 1000)
        self._late_checkpoints = LateCheckpoints()
        self._next_stall_check = 0.0
        self._look_now = asyncio.Event()

    def look_soon(self) -> None:
        """A worker has gone: no need to wait for the next look."""
        self._look_now.set()

    def workers_started(self) -> None:
        """All workers were started: from now on the tasks have their time to be deployed."""
        self._deploying_since = time.monotonic()

    async def run(self) -> None:
        """Looks, again and again, until it is cancelled."""
        while True:
            before = time.monotonic()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), _INTERVAL)
            self._look_now.clear()
            now = time.monotonic()
            if now - before > _LATE:
                self._excuse(now - before)  # and once more, when what the workers have said meanwhile was read
            else:
                await self._look(now)

    async def _look(self, now: float) -> None:
        await self._pool.look(now)
        if self._life.state is JobState.DEPLOYING:
            self._check_deployment(now)
        if self._life.state is JobState.RUNNING and self._assignment.all_live:
            await self._checkpoints.begin_if_due(now)
        if self._life.state is JobState.RUNNING:
            self._failover.look(now)
        if self._life.state is JobState.RUNNING and self._assignment.all_live and now >= self._next_stall_check:
            self._next_stall_check = now + _STALL_INTERVAL
            self._warn_of_stalls(now)

    def _excuse(self, seconds: float) -> None:
        """This process stood still for a while (Ctrl-Z, a debugger, a paused machine): nobody else is late for it."""
        self._pool.excuse(seconds)
        self._recovery_watch.excuse(seconds)
        if self._deploying_since is not None:
            self._deploying_since += seconds

    def _check_deployment(self, now: float) -> None:
        if self._deploying_since is None or now - self._deploying_since <= self._deploy_timeout:
            return
        tasks = self._assignment.tasks.values()
        late = ", ".join(task.name for task in tasks if task.state != control.TASK_STATE_RUNNING)
        self._life.fail(f"not deployed within {self._deploy_timeout:.0f} s: {late}")

    def _warn_of_stalls(self, now: float) -> None:
        tasks, reports = self._assignment.tasks.descriptors, self._assignment.tasks.reports
        checkpoints = self._checkpoints
        stall = self._stalls.check(now, tasks, reports)
        late = self._late_checkpoints.check(
            now, checkpoints.pending, checkpoints.began, checkpoints.missing, tasks=tasks, reports=reports
        )
        for warning in (stall, late):
            if warning:
                self._life.warn(warning)
