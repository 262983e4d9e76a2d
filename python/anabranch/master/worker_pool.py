"""Starts the workers of a job, notices those that are gone, replaces them, and ends them."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from anabranch.config import Options
from anabranch.launch.launcher import Launcher, WorkerProcess, WorkerSpec
from anabranch.master.assignment import Assignment
from anabranch.master.execution import Execution
from anabranch.master.failures import language_name, worker_death
from anabranch.master.job_life import JobLife
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.worker import Worker
from anabranch.master.worker_starts import WorkerStarts
from anabranch.plan import WorkerPlan
from anabranch.threads import in_thread
from anabranch.v1 import control_pb2 as control
from anabranch.v1.gateway_pb2 import PlannedWorker
from anabranch.v1.graph_pb2 import Language
from anabranch.v1.master_pb2 import MasterState

_EXIT_TIMEOUT = 4.0  # longer than workers take for their exit handlers
_LOOK_INTERVAL = 0.01
_LAST_WORDS = 0.05  # what a worker that died has sent may still be on its way


class WorkerListener(Protocol):
    """Who decides what becomes of the tasks of workers that are gone."""

    async def worker_died(self, worker: Worker, death: str) -> None:
        """A worker has died, or was given up; so users are told of it."""

    async def start_failed(self, worker: Worker, problem: str) -> None:
        """The process of a worker could not be started."""


class WorkerPool:
    """The processes of a job's workers.

    Attributes:
        listener: Hears of workers that are gone. To be set before the workers are started.
    """

    listener: WorkerListener

    def __init__(
        self,
        options: Options,
        assignment: Assignment,
        launcher: Launcher,
        *,
        recovery_watch: RecoveryWatch,
        life: JobLife,
        token: str,
    ) -> None:
        """Begins without processes.

        Args:
            options: Of the job.
            assignment: The workers.
            launcher: Starts them.
            recovery_watch: Hears when a worker is started that tasks wait for.
            life: Of the job.
            token: The secret of the workers.
        """
        self._assignment = assignment
        self._launcher = launcher
        self._recovery_watch = recovery_watch
        self._life = life
        self._token = token
        self._wanted_standbys = options.integer("anabranch.recovery.standbys")
        self._silence_limit = options.integer("anabranch.heartbeat.timeout-ms") / 1000
        self._first_of = {worker.language: worker.worker_id for worker in reversed(assignment.workers.values())}
        self._starts = {language: WorkerStarts() for language in self._first_of}
        self._spares = 0  # that were started up to now
        self._address = ""

    # ------------------------------------------------------------------ starting

    async def start(self, address: str) -> None:
        """Starts all workers, or finds those of another master.

        Args:
            address: `host:port` of this master.
        """
        self._address = address
        await asyncio.gather(*(self._start(worker) for worker in self._assignment.workers.values()))

    def connected(self, worker: Worker) -> None:
        """A worker has connected."""
        self._starts[worker.language].connected()

    def replace(self, dead: Worker) -> None:
        """Has a standby take over the tasks, or a worker that is started for them."""
        for worker in self._assignment.workers.values():
            if worker.is_standby and worker.language == dead.language and worker.stream is not None:
                self._starts[dead.language].standby_was_used()
                break
        else:
            worker = self._start_spare(dead.place_of or dead.worker_id, dead.language)
        self._assignment.give(worker, dead.plan.task_ids)

    def start_standbys(self) -> None:
        """Starts as many workers without tasks as the options ask for, if the job recovers."""
        if not self._life.recovers:
            return
        for language, first in self._first_of.items():
            idle = sum(
                worker.is_standby and worker.language == language for worker in self._assignment.workers.values()
            )
            for _ in range(self._wanted_standbys - idle):
                self._start_spare(first, language)

    def _start_spare(self, place_of: str, language: Language) -> Worker:
        """Starts a worker that has no tasks yet, where another worker is or was."""
        self._spares += 1
        name = f"{language_name(language).lower()}-standby-{self._spares}"
        worker = Worker(WorkerPlan(name, language, ()), place_of=place_of)
        self._assignment.add(worker)
        self._life.in_background(self._start_after_delay(worker))
        return worker

    async def _start_after_delay(self, worker: Worker) -> None:
        await asyncio.sleep(self._starts[worker.language].delay(is_standby=worker.is_standby))
        if self._life.is_decided:
            return
        worker.started = time.monotonic()
        try:
            await self._start(worker)
            self._recovery_watch.worker_started(worker.plan.task_ids)
        except Exception as error:  # noqa: BLE001 - the job goes on without, until it needs one
            await self.listener.start_failed(worker, f"worker {worker.worker_id} could not be started: {error}")

    async def _start(self, worker: Worker) -> None:
        spec = WorkerSpec(worker.worker_id, worker.language, self._address, self._token, worker.place_of)
        worker.process = await self._launcher.start(spec)
        worker.heard = time.monotonic()

    # ------------------------------------------------------------------ watching

    async def look(self, now: float) -> None:
        """Looks for workers that are gone, or silent."""
        for worker in list(self._assignment.workers.values()):
            await self._look_at(worker, now)

    def excuse(self, seconds: float) -> None:
        """For so long nobody could be heard."""
        for worker in self._assignment.workers.values():
            worker.heard += seconds

    def give_up(self, worker: Worker, why: str) -> None:
        """Treats a worker as dead. This is done beside all else: the store may be slow just now, and others may die."""
        worker.dying = True
        self._life.in_background(self.listener.worker_died(worker, why))

    async def remove(self, dead: Worker, death: str) -> None:
        """Removes a worker, and has the next one wait if this one did not come up, or was a standby that did not last.

        Args:
            dead: The worker.
            death: What is said of that.
        """
        self._assignment.remove(dead)
        if dead.process is not None:
            await in_thread(dead.process.kill)
        if dead.started is None:
            return  # it is one of those that the job began with
        starts = self._starts[dead.language]
        age = time.monotonic() - dead.started
        starts.failed(has_connected=dead.has_connected, is_standby=dead.is_standby, age=age)
        delay = starts.delay(is_standby=True)
        if dead.is_standby and delay:
            self._life.warn(f"standby {death.splitlines()[0]}; another is started in {delay:g} s")

    def note_error_line(self, worker_id: str, line: str) -> None:
        """Remembers a line that a worker wrote to stderr, for the case that it dies."""
        worker = self._assignment.workers.get(worker_id)
        if worker is not None:
            worker.errors.append(line)

    async def _look_at(self, worker: Worker, now: float) -> None:
        if worker.process is None or worker.dying or self._life.is_decided:
            return
        exit_code = worker.process.poll()
        if exit_code is None and worker.lost:
            # The stream breaks a moment before the process is gone; a job that recovers has no time for more.
            exit_code = await _exit_code_of(worker.process, patience=0.05 if self._life.recovers else 1.0)
        if exit_code is not None or worker.lost:
            if not self._life.recovers:
                await asyncio.sleep(_LAST_WORDS)
            tasks = self._assignment.tasks.names(worker.plan.task_ids)
            death = worker_death(worker.worker_id, worker.process.pid, exit_code, tasks, list(worker.errors))
            self.give_up(worker, death)
        elif self._silence_limit and worker.stream is not None and now - worker.heard > self._silence_limit:
            who = f"worker {worker.worker_id}, process {worker.process.pid}"
            self.give_up(worker, f"no heartbeat from {who}, for {now - worker.heard:.0f} s")

    # ------------------------------------------------------------------ ending

    async def stop_tasks(self, timeout: float) -> None:
        """Cancels every task and waits, for a limited time, until those of living workers have ended."""
        self._assignment.tell_all(control.MasterMessage(cancel_tasks=control.CancelTasks()))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and any(map(_still_runs, self._assignment.tasks.values())):
            await asyncio.sleep(_LOOK_INTERVAL)

    async def shut_down(self) -> None:
        """Ends every worker, kindly at first, and waits until all they printed was passed on."""
        workers = self._assignment.workers
        self._assignment.tell_all(control.MasterMessage(shutdown=control.Shutdown()))
        processes = [worker.process for worker in workers.values() if worker.process is not None]
        deadline = time.monotonic() + _EXIT_TIMEOUT
        while time.monotonic() < deadline and any(process.poll() is None for process in processes):
            await asyncio.sleep(_LOOK_INTERVAL / 2)
        for process in processes:
            process.kill()
        while time.monotonic() < deadline + _EXIT_TIMEOUT and not (
            all(process.drained() for process in processes)
            and all(worker.stream is None for worker in workers.values())
        ):
            await asyncio.sleep(_LOOK_INTERVAL / 2)
        await self._launcher.close()

    # ------------------------------------------------------------------ what others are told

    def describe(self) -> list[PlannedWorker]:
        """Returns every worker with its tasks, and where it is."""
        return [
            PlannedWorker(
                worker_id=worker.worker_id,
                language=worker.language,
                tasks=[self._assignment.tasks[task].name for task in worker.plan.task_ids],
                host="" if worker.process is None else self._launcher.listen_host_of(worker.worker_id),
                pid=0 if worker.process is None else worker.process.pid,
            )
            for worker in self._assignment.workers.values()
        ]

    def save_to(self, state: MasterState) -> None:
        """Notes which names were given."""
        state.spare_workers = self._spares

    def load_from(self, state: MasterState) -> None:
        """Takes over from another master."""
        self._spares = state.spare_workers


def _still_runs(task: Execution) -> bool:
    running = (control.TASK_STATE_CREATED, control.TASK_STATE_RUNNING)
    return task.worker.stream is not None and task.state in running


async def _exit_code_of(process: WorkerProcess, patience: float) -> int | None:
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_INTERVAL / 4)
    return process.poll()
