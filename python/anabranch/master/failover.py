"""What becomes of a job when a worker dies or a task fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from anabranch.checkpoint.numbers import checkpoint_name
from anabranch.config import Options
from anabranch.master.assignment import Assignment
from anabranch.master.checkpoint_coordinator import CheckpointCoordinator
from anabranch.master.deployment import Deployment
from anabranch.master.execution import Deaths, Execution, FailedRecord
from anabranch.master.failures import task_failure
from anabranch.master.handover import Handover
from anabranch.master.job_life import JobLife
from anabranch.master.no_checkpoints import NoCheckpoints
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.restarts import Restarts
from anabranch.master.results import Results
from anabranch.master.rollback_scope import decide
from anabranch.master.worker import Worker
from anabranch.master.worker_pool import WorkerPool
from anabranch.v1 import control_pb2 as control
from anabranch.v1.master_pb2 import MasterState

# New workers that fail as soon as they start may have met a condition that passes; for so long that fails no job.
_PATIENCE_WITH_STARTS = 10.0


class Failover:
    """Has tasks begin again at the last checkpoint, on other workers where theirs have died, or ends the job.

    One failure after the other is handled, with all its waiting for stores: which tasks are down decides which others
    have to begin again.

    Attributes:
        recoveries: How often tasks were rolled back.
    """

    def __init__(
        self,
        options: Options,
        assignment: Assignment,
        checkpoints: CheckpointCoordinator | NoCheckpoints,
        pool: WorkerPool,
        deployment: Deployment,
        *,
        results: Results,
        handover: Handover,
        recovery_watch: RecoveryWatch,
        life: JobLife,
    ) -> None:
        self.recoveries = 0
        self._assignment = assignment
        self._tasks = assignment.tasks
        self._checkpoints = checkpoints
        self._pool = pool
        self._deployment = deployment
        self._results = results
        self._handover = handover
        self._recovery_watch = recovery_watch
        self._life = life
        self._attempts = options.integer("anabranch.recovery.attempts")
        self._sharing_depth = options.integer("anabranch.recovery.sharing-depth") or len(self._tasks)
        self._deploy_timeout = options.integer("anabranch.deploy.timeout-ms") / 1000
        self._always_whole = options.text("anabranch.recovery.scope") == "job" or options.mode == "at_least_once"
        self._restarts = Restarts(options)
        self._lock = asyncio.Lock()

    # ------------------------------------------------------------------ workers

    async def worker_died(self, worker: Worker, death: str) -> None:
        """Has others go on with the tasks of a dead worker, or ends the job.

        Args:
            worker: It is not looked at any more.
            death: What users are told of it.
        """
        async with self._lock:
            if self._life.recovers:
                await self._checkpoints.settle()
            if self._life.recovers:
                await self._recover(worker, death)
            else:
                self._life.fail(death)

    async def start_failed(self, worker: Worker, problem: str) -> None:
        """Has another worker started in place of one whose process could not be, if the job needs it."""
        if self._life.recovers:
            async with self._lock:
                await self._recover(worker, problem)
        else:
            self._assignment.remove(worker)
            self._life.warn(problem)

    async def recover_what_died(self) -> None:
        """Recovers the tasks that no worker has: those that had them died with the master before this one."""
        dead = {task.task_id for task in self._tasks.values() if task.state == control.TASK_STATE_UNSPECIFIED}
        if dead:
            self._life.warn("workers have died while the job master was away")
            dead = self._roll_back(dead)
            await self._remember(dead)
        self._deployment.deploy_again(dead)
        self._checkpoints.resume()

    async def _recover(self, dead: Worker, death: str) -> None:
        await self._pool.remove(dead, death)
        failed = set(dead.plan.task_ids)
        if failed and not self._may_recover(failed):
            limit = f"limited to {self._attempts} (option anabranch.recovery.attempts)"
            self._life.fail(f"{death}\nGave up: recoveries without a checkpoint between are {limit}.")
            return
        if failed:
            again = self._roll_back(failed)
            what = "the whole job" if len(again) == len(self._tasks) else "its tasks alone"
            self._life.warn(
                f"{death.splitlines()[0]}; rolling back {what} to {checkpoint_name(self._checkpoints.last)}"
            )
            self._pool.replace(dead)
            await self._remember(again)
            self._deployment.deploy_again(again)
        self._pool.start_standbys()

    def _may_recover(self, failed: Collection[int]) -> bool:
        """Counts a death of these tasks; returns whether none has failed too often since the last checkpoint."""
        now, last = time.monotonic(), self._checkpoints.last
        for task in (self._tasks[task_id] for task_id in failed):
            if task.deaths is None or task.deaths.checkpoint != last:
                task.deaths = Deaths(last, 0, now)
            task.deaths.times += 1
            is_short = task.recovering and now - task.deaths.since < _PATIENCE_WITH_STARTS and self._attempts > 0
            if task.deaths.times > self._attempts and not is_short:
                return False
        return True

    # ------------------------------------------------------------------ tasks

    def task_failed(self, task: Execution, error: control.TaskError) -> None:
        """Has a task that reported an error begin again, or ends the job if that would be of no use."""
        if not self._life.recovers:
            self._life.fail(task_failure(error), error)
            return
        is_nondeterminism = error.kind == control.TaskError.KIND_NONDETERMINISM
        if is_nondeterminism and self._may_recover({task.task_id}):
            self._begin_again(set(self._tasks), f"{error.summary}; rolling back the whole job to", whole=True, delay=0)
            return
        if self._restarts.are_used_up:
            self._life.fail(task_failure(error), error)
            return
        last = self._checkpoints.last
        failed_at = FailedRecord(error.operator, error.record, error.record_position, last)
        if failed_at.is_again(task.failed_at):
            again = "The same record failed again after a restart; giving up."
            self._life.fail(f"{task_failure(error)}\n{again}", error)
            return
        task.failed_at = failed_at
        delay = self._restarts.begin(last)
        why = f"{error.summary}; restarting the task in {delay:g} s from"
        self._begin_again({task.task_id}, why, whole=False, delay=delay)

    def task_is_live(self, task: Execution) -> None:
        """A task runs, or has finished."""
        if task.recovering:
            task.recovering = False
            self._recovery_watch.moved()
            self._checkpoints.task_is_live_again(task)

    def _begin_again(self, failed: set[int], why: str, *, whole: bool, delay: float) -> None:
        """Rolls failed tasks, or all, back to the last checkpoint; they begin again after a delay, seconds."""

        async def begin() -> None:
            async with self._lock:
                await self._checkpoints.settle()
                self._life.warn(f"{why} {checkpoint_name(self._checkpoints.last)}")
                again = self._roll_back(failed, whole=whole)
                await self._remember(again)
            await asyncio.sleep(delay)
            self._deployment.deploy_again(again)

        self._life.in_background(begin())

    # ------------------------------------------------------------------ rollback

    def _roll_back(self, failed: set[int], *, whole: bool = False) -> set[int]:
        """Makes the tasks ready to begin again that have to: the failed ones, or all of them; returns these."""
        self.recoveries += 1
        again = failed
        whole = whole or self._always_whole
        if self._checkpoints.is_behind_tasks:
            whole = True
            newer = "A newer checkpoint was completed and cannot be read: sinks may have made visible what comes again."
            self._life.warn(newer)
        down = failed | self._tasks.recovering
        if whole or decide(down, self._tasks.consumers, self._sharing_depth).rollback:
            again = set(self._tasks)
            self._checkpoints.abandon()
        self._checkpoints.forget(again)
        for task in (self._tasks[task_id] for task_id in again):
            task.begin_again(self._checkpoints.snapshots.get(task.task_id, control.Snapshot()))
            self._recovery_watch.deployed(task.task_id)  # not yet to be
            self._results.take_back(task)
        return again

    async def _remember(self, again: set[int]) -> None:
        """Has the new incarnations remembered, and then ends the old ones of a job that rolls back as a whole.

        In this order: a master after this one would take their end for that of the job.
        """
        await self._handover.save()
        if len(again) == len(self._tasks):
            self._assignment.tell_all(control.MasterMessage(cancel_tasks=control.CancelTasks()))

    # ------------------------------------------------------------------ recoveries that do not get on

    def look(self, now: float) -> None:
        """Gives up workers that were to take over tasks and have not: others will."""
        recovering = self._tasks.recovering
        if not recovering:
            return
        watch = self._recovery_watch
        if any(not watch.is_deploying(task) and self._tasks[task].endpoint is None for task in recovering):
            return  # a restart waits for its time
        late = watch.late(recovering, now)
        for worker in list(self._assignment.workers.values()):
            tasks = sorted(late.intersection(worker.plan.task_ids))
            if tasks and worker.process is not None and not worker.dying:
                what = f"worker {worker.worker_id} has not resumed {self._tasks.names(tasks)}"
                limit = f"within {self._deploy_timeout:g} s (option anabranch.deploy.timeout-ms)"
                self._pool.give_up(worker, f"{what} {limit}")
        seconds = watch.seconds_to_warn_of(now)
        if seconds is not None:
            what = ", ".join(f"{task.name} ({self._step_of(task)})" for task in self._tasks.values() if task.recovering)
            self._life.warn(f"the recovery has taken {seconds:.0f} s up to now: {what}")

    def _step_of(self, task: Execution) -> str:
        if task.worker.stream is None:
            return "its worker has not started"
        if self._recovery_watch.is_deploying(task.task_id) or task.endpoint is None:
            return "is being deployed"
        report = task.report
        if report is not None and any(counters.records_in + counters.records_out for counters in report.operators):
            return "repeats what it did since the checkpoint"
        return "connects, or opens its functions"

    # ------------------------------------------------------------------ another master

    def save_to(self, state: MasterState) -> None:
        """Notes how often tasks were rolled back."""
        state.recoveries = self.recoveries

    def load_from(self, state: MasterState) -> None:
        """Takes over from another master."""
        self.recoveries = state.recoveries
