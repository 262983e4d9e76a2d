"""The job master: one per job, on one event loop, so that it needs no locks."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from anabranch.config import Options
from anabranch.errors import AnabranchError, JobCancelledError, JobFailedError
from anabranch.job import JobState, JobStatus, OperatorStatus
from anabranch.launch.launcher import Launcher, WorkerProcess, WorkerSpec
from anabranch.master.control_server import ControlServer, ControlStream
from anabranch.master.failures import language_name, task_failure, worker_death
from anabranch.master.stalls import StallDetector
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import JobGraph

logger = logging.getLogger(__name__)

_WATCH_INTERVAL = 0.05
_EXIT_TIMEOUT = 2.0
_LAST_LINES = 20


@dataclass
class _Worker:
    """What the master knows of one worker."""

    plan: WorkerPlan
    process: WorkerProcess | None = None
    stream: ControlStream | None = None
    heard: float = field(default_factory=time.monotonic)
    lost: bool = False
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))

    def send(self, message: control.MasterMessage) -> None:
        """Sends if the worker is connected."""
        if self.stream is not None:
            self.stream.send(message)


class JobMaster:
    """Deploys, watches and ends one job. Every method runs on the master's event loop."""

    def __init__(
        self,
        job_id: str,
        graph: JobGraph,
        plan: ExecutionPlan,
        options: Options,
        *,
        token: str,
        launcher: Launcher,
        warn: Callable[[str], None],
    ) -> None:
        self.job_id = job_id
        self.state = JobState.CREATED
        self.collected: dict[int, list[control.CollectedBatch]] = {}
        self.launched = threading.Event()  # every worker process was started, or the job is ending
        self._graph = graph
        self._options = options
        self._token = token
        self._launcher = launcher
        self._warn = warn
        self._server = ControlServer(token, self)
        self._workers = {worker.worker_id: _Worker(worker) for worker in plan.workers}
        self._tasks = {task.task_id: task for task in plan.tasks}
        self._worker_of = {task: worker for worker in self._workers.values() for task in worker.plan.task_ids}
        self._task_states = dict.fromkeys(self._tasks, control.TASK_STATE_UNSPECIFIED)
        self._endpoints: dict[int, control.Endpoint] = {}
        self._reports: dict[int, control.TaskReport] = {}
        self._stalls = StallDetector(options.integer("anabranch.stall.warn-ms") / 1000)
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._started = time.monotonic()
        self._ended: float | None = None
        self._error: AnabranchError | None = None

    async def run(self) -> AnabranchError | None:
        """Runs the job to its end; returns the error it ended with, or None if it has finished."""
        watch = asyncio.ensure_future(self._watch())
        last_state = JobState.FINISHED
        try:
            await self._deploy()
            self.launched.set()
            await self._outcome
        except JobCancelledError as error:
            self._error, last_state = error, JobState.CANCELLED
            await self._stop_tasks()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the job and not the master
            self._error, last_state = _as_job_failure(error, self._graph.name), JobState.FAILED
            self._enter(JobState.FAILING)
            await self._stop_tasks()
        watch.cancel()
        await self._shut_down()
        self.launched.set()
        self._ended = time.monotonic()
        if self.state is not last_state:
            self._enter(last_state)
        return self._error

    def cancel(self) -> None:
        """Stops the job; harmless if it is ending already."""
        if self.state.may_become(JobState.CANCELLING):
            self._enter(JobState.CANCELLING)
            self._end(JobCancelledError(f"job {self._graph.name} was cancelled"))

    def status(self) -> JobStatus:
        """Returns counters and state as they are now."""
        counters: dict[int, list[int]] = {}
        for report in self._reports.values():
            for operator in report.operators:
                sums = counters.setdefault(operator.operator_id, [0, 0])
                sums[0] += operator.records_in
                sums[1] += operator.records_out
        return JobStatus(
            job_id=self.job_id,
            name=self._graph.name,
            state=self.state,
            seconds=(self._ended or time.monotonic()) - self._started,
            operators=tuple(
                OperatorStatus(
                    operator.name,
                    language_name(operator.language),
                    operator.parallelism,
                    *counters.get(operator.id, (0, 0)),
                )
                for operator in self._graph.operators
            ),
            error=None if self._error is None else str(self._error),
        )

    def note_error_line(self, worker_id: str, line: str) -> None:
        """Remembers a line that a worker wrote to stderr, for the case that it dies."""
        self._workers[worker_id].errors.append(line)

    # ------------------------------------------------------------------ ControlListener

    def connected(self, hello: control.WorkerHello, stream: ControlStream) -> bool:  # noqa: D102
        worker = self._workers.get(hello.worker_id)
        if worker is None or worker.stream is not None:
            return False
        worker.stream = stream
        worker.heard = time.monotonic()
        setup = control.JobSetup(
            job_id=self.job_id,
            job_name=self._graph.name,
            config={**self._graph.config, **self._options.to_map()},
            types=self._graph.types,
            artifacts=self._launcher.artifacts,
            socket_dir=self._launcher.socket_dir,
            listen_host=self._launcher.listen_host_of(hello.worker_id),
        )
        worker.send(control.MasterMessage(setup=setup))
        for task in worker.plan.task_ids:
            worker.send(control.MasterMessage(deploy_task=self._tasks[task]))
        return True

    def received(self, worker_id: str, message: control.WorkerMessage) -> None:  # noqa: D102
        worker = self._workers[worker_id]
        worker.heard = time.monotonic()
        kind = message.WhichOneof("message")
        if kind == "report":
            for report in message.report.tasks:
                self._reports[report.task_id] = report
        elif kind == "collected":
            self._on_collected(worker, message.collected)
        elif kind == "task_deployed":
            self._on_deployed(message.task_deployed)
        elif kind == "task_status":
            self._on_status(message.task_status)
        elif kind == "failed":
            self._end(JobFailedError(f"worker {worker_id} failed: {message.failed.summary}\n{message.failed.trace}"))

    def disconnected(self, worker_id: str, stream: ControlStream) -> None:  # noqa: D102
        worker = self._workers[worker_id]
        if worker.stream is stream:
            worker.stream = None
            worker.lost = True

    # ------------------------------------------------------------------ what workers say

    def _on_deployed(self, deployed: control.TaskDeployed) -> None:
        self._task_states[deployed.task_id] = control.TASK_STATE_CREATED
        self._endpoints[deployed.task_id] = deployed.endpoint
        if len(self._endpoints) == len(self._tasks):
            for task in self._tasks.values():
                self._worker_of[task.task_id].send(control.MasterMessage(connect_task=self._connections(task)))

    def _connections(self, task: control.TaskDescriptor) -> control.ConnectTask:
        producers = [
            control.ConnectTask.Producer(
                channel=channel.channel,
                incarnation=self._tasks[channel.peer_task].incarnation,
                endpoint=self._endpoints[channel.peer_task],
            )
            for edge in task.inputs
            for channel in edge.channels
        ]
        return control.ConnectTask(task_id=task.task_id, producers=producers)

    def _on_status(self, status: control.TaskStatus) -> None:
        self._task_states[status.task_id] = status.state
        states = set(self._task_states.values())
        if status.state == control.TASK_STATE_FAILED:
            message = f"job {self._graph.name}: {task_failure(status.error)}"
            self._end(JobFailedError(message, job_name=self._graph.name, error=status.error))
        elif states == {control.TASK_STATE_FINISHED}:
            if self.state is JobState.DEPLOYING:
                self._enter(JobState.RUNNING)
            self._end(None)
        elif self.state is JobState.DEPLOYING and states <= {
            control.TASK_STATE_RUNNING,
            control.TASK_STATE_FINISHED,
        }:
            self._enter(JobState.RUNNING)

    def _on_collected(self, worker: _Worker, batch: control.CollectedBatch) -> None:
        self.collected.setdefault(batch.operator_id, []).append(batch)
        ack = control.CollectedAck(task_id=batch.task_id, seq=batch.seq)
        worker.send(control.MasterMessage(collected_ack=ack))

    # ------------------------------------------------------------------ life

    async def _deploy(self) -> None:
        if self.state is not JobState.CREATED:
            return  # cancelled before it began
        self._enter(JobState.DEPLOYING)
        address = await self._server.start(self._launcher.listen_host)

        async def start(worker: _Worker) -> None:
            spec = WorkerSpec(worker.plan.worker_id, worker.plan.language, address, self._token)
            worker.process = await self._launcher.start(spec)
            worker.heard = time.monotonic()

        await asyncio.gather(*(start(worker) for worker in self._workers.values()))

    async def _watch(self) -> None:
        """Looks for what nobody reports: dead, silent and late workers, and stalls."""
        deploy_timeout = self._options.integer("anabranch.deploy.timeout-ms") / 1000
        silence_limit = self._options.integer("anabranch.heartbeat.timeout-ms") / 1000
        while True:
            await asyncio.sleep(_WATCH_INTERVAL)
            now = time.monotonic()
            for worker in self._workers.values():
                await self._look_at(worker, now, silence_limit)
            if self.state is JobState.DEPLOYING and now - self._started > deploy_timeout:
                late = [self._tasks[t].name for t, s in self._task_states.items() if s != control.TASK_STATE_RUNNING]
                self._end(JobFailedError(f"not deployed within {deploy_timeout:.0f} s: {', '.join(late)}"))
            if self.state is JobState.RUNNING:
                warning = self._stalls.check(now, self._tasks, self._reports)
                if warning:
                    self._warn(f"job {self._graph.name}: {warning}")

    async def _look_at(self, worker: _Worker, now: float, silence_limit: float) -> None:
        if worker.process is None or self._outcome.done():
            return
        exit_code = worker.process.poll()
        if exit_code is None and worker.lost:
            exit_code = await self._exit_code_of(worker.process, patience=1.0)
        if exit_code is not None or worker.lost:
            await asyncio.sleep(_WATCH_INTERVAL)  # its last words may still be on their way
            self._end(JobFailedError(self._death_of(worker, exit_code), job_name=self._graph.name))
        elif silence_limit and worker.stream is not None and now - worker.heard > silence_limit:
            who = f"worker {worker.plan.worker_id}, process {worker.process.pid},"
            message = f"job {self._graph.name}: {who} has been silent for {now - worker.heard:.0f} s"
            self._end(JobFailedError(message, job_name=self._graph.name))

    def _death_of(self, worker: _Worker, exit_code: int | None) -> str:
        assert worker.process is not None  # noqa: S101 - it has an exit code
        tasks = ", ".join(self._tasks[task].name for task in worker.plan.task_ids)
        death = worker_death(worker.plan.worker_id, worker.process.pid, exit_code, tasks, list(worker.errors))
        return f"job {self._graph.name}: {death}"

    async def _stop_tasks(self) -> None:
        """Cancels every task and waits, for a limited time, until those of living workers have ended."""
        for worker in self._workers.values():
            worker.send(control.MasterMessage(cancel_tasks=control.CancelTasks()))
        deadline = time.monotonic() + self._options.integer("anabranch.cancel.timeout-ms") / 1000
        while time.monotonic() < deadline and any(self._still_runs(task) for task in self._tasks):
            await asyncio.sleep(_WATCH_INTERVAL / 5)

    def _still_runs(self, task: int) -> bool:
        running = (control.TASK_STATE_CREATED, control.TASK_STATE_RUNNING)
        return self._worker_of[task].stream is not None and self._task_states[task] in running

    async def _shut_down(self) -> None:
        """Ends every worker, kindly at first, and waits until all they printed was passed on."""
        for worker in self._workers.values():
            worker.send(control.MasterMessage(shutdown=control.Shutdown()))
        processes = [worker.process for worker in self._workers.values() if worker.process is not None]
        deadline = time.monotonic() + _EXIT_TIMEOUT
        while time.monotonic() < deadline and any(process.poll() is None for process in processes):
            await asyncio.sleep(_WATCH_INTERVAL / 10)
        for process in processes:
            process.kill()
        while time.monotonic() < deadline + _EXIT_TIMEOUT and not all(process.drained() for process in processes):
            await asyncio.sleep(_WATCH_INTERVAL / 10)
        self._launcher.close()
        await self._server.stop()

    @staticmethod
    async def _exit_code_of(process: WorkerProcess, patience: float) -> int | None:
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(_WATCH_INTERVAL / 5)
        return process.poll()

    def _enter(self, state: JobState) -> None:
        if self.state is JobState.CANCELLING and state is JobState.FAILING:
            return
        assert self.state.may_become(state), f"{self.state} -> {state}"  # noqa: S101 - a mistake of ours
        logger.debug("job %s: %s -> %s", self.job_id, self.state.name, state.name)
        self.state = state

    def _end(self, error: AnabranchError | None) -> None:
        """Sets the outcome; the first one counts."""
        if not self._outcome.done():
            if error is None:
                self._outcome.set_result(None)
            else:
                self._outcome.set_exception(error)


def _as_job_failure(error: Exception, job_name: str) -> JobFailedError:
    if isinstance(error, JobFailedError):
        return error
    failure = JobFailedError(f"job {job_name}: {type(error).__name__}: {error}", job_name=job_name)
    failure.__cause__ = error
    return failure
