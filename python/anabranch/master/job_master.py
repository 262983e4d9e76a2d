"""The job master: one per job, on one event loop, so that it needs no locks."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from anabranch.config import Options
from anabranch.errors import AnabranchError, JobCancelledError, JobFailedError
from anabranch.job import JobState, JobStatus, OperatorStatus
from anabranch.launch.launcher import Launcher, WorkerProcess, WorkerSpec
from anabranch.master.control_server import ControlServer, ControlStream
from anabranch.master.failures import language_name, task_failure, worker_death
from anabranch.master.stalls import StallDetector
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import gateway_pb2 as gateway
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


class Comeback(Protocol):
    """What a job master that can be started again needs from whoever starts it."""

    @property
    def reconnect_timeout_ms(self) -> int:
        """How long the workers go on without a master."""

    async def ending(self, state: JobState, error: AnabranchError | None) -> None:
        """Remembers how the job has ended, before its workers are ended."""

    def printed(self, worker_id: str, printed: control.PrintedLine) -> None:
        """Takes a line that a worker has printed."""


class JobMaster:
    """Deploys, watches and ends one job. Every method runs on the master's event loop.

    A master that was started again in the place of a dead one (see `Comeback`) finds the workers running and learns
    from them how far the job is.
    """

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
        comeback: Comeback | None = None,
    ) -> None:
        """Makes a master; `run` runs the job.

        Args:
            job_id: Unique wherever the job may be seen.
            graph: The job.
            plan: What the planner has made of it.
            options: Its options.
            token: The job's secret, as 64 hex digits.
            launcher: Starts the workers.
            warn: Takes what the user should know while the job goes on.
            comeback: How this master can be started again while the job goes on; None: it ends with this process.
        """
        self.job_id = job_id
        self.state = JobState.CREATED
        self.collected: dict[int, list[control.CollectedBatch]] = {}
        self.launched = threading.Event()  # every worker process was started, or the job is ending
        self._graph = graph
        self._options = options
        self._token = token
        self._launcher = launcher
        self._warn = warn
        self.plan = plan
        self._server = ControlServer(token, self)
        self._workers = {worker.worker_id: _Worker(worker) for worker in plan.workers}
        self._tasks = {task.task_id: task for task in plan.tasks}
        self._worker_of = {task: worker for worker in self._workers.values() for task in worker.plan.task_ids}
        self._task_states = dict.fromkeys(self._tasks, control.TASK_STATE_UNSPECIFIED)
        self._endpoints: dict[int, control.Endpoint] = {}
        self._reports: dict[int, control.TaskReport] = {}
        self._comeback = comeback
        self._connected_tasks: set[int] = set()  # those that have had their ConnectTask
        self._collected_seqs: dict[int, int] = {}
        self._new_workers: list[str] = []  # those that have come without a past
        self._found_running = False  # a worker has come with tasks that another master has connected
        self._deploying_since: float | None = None
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
            await self._await_client()
        except JobCancelledError as error:
            self._error, last_state = error, JobState.CANCELLED
            await self._stop_tasks()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the job and not the master
            self._error, last_state = _as_job_failure(error, self._graph.name), JobState.FAILED
            self._enter(JobState.FAILING)
            await self._stop_tasks()
        watch.cancel()
        if self._comeback is not None:
            await self._comeback.ending(last_state, self._error)
        await self._shut_down()
        self.launched.set()
        self._ended = time.monotonic()
        if self.state is not last_state:
            self._enter(last_state)
        return self._error

    async def _await_client(self) -> None:
        """Waits until the client has fetched what the workers then may forget."""
        while any(self.collected.values()) and not self._acknowledges_at_once:
            if self.state is JobState.CANCELLING:
                raise JobCancelledError(f"job {self._graph.name} was cancelled")
            await asyncio.sleep(_WATCH_INTERVAL / 5)

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

    def acknowledge_collected(self, received: Mapping[int, int]) -> None:
        """Says that the client has the batches of these tasks up to these numbers."""
        for operator, batches in self.collected.items():
            self.collected[operator] = [batch for batch in batches if batch.seq > received.get(batch.task_id, 0)]
        for task_id, seq in received.items():
            if task_id in self._worker_of:
                ack = control.CollectedAck(task_id=task_id, seq=seq)
                self._worker_of[task_id].send(control.MasterMessage(collected_ack=ack))

    def describe_workers(self) -> list[gateway.PlannedWorker]:
        """Returns every worker with its tasks, and where it is."""
        return [
            gateway.PlannedWorker(
                worker_id=worker.plan.worker_id,
                language=worker.plan.language,
                tasks=[self._tasks[task].name for task in worker.plan.task_ids],
                host="" if worker.process is None else self._launcher.listen_host_of(worker.plan.worker_id),
                pid=0 if worker.process is None else worker.process.pid,
            )
            for worker in self._workers.values()
        ]

    # ------------------------------------------------------------------ ControlListener

    def connected(self, hello: control.WorkerHello, stream: ControlStream) -> bool:  # noqa: D102
        worker = self._workers.get(hello.worker_id)
        if worker is None or worker.stream is not None:
            return False
        worker.stream = stream
        worker.heard = time.monotonic()
        if not hello.set_up:
            self._new_workers.append(hello.worker_id)
            worker.send(control.MasterMessage(setup=self._setup_of(worker)))
        there = {snapshot.status.task_id for snapshot in hello.tasks}
        for task in worker.plan.task_ids:
            if task not in there:
                worker.send(control.MasterMessage(deploy_task=self._tasks[task]))
        self._take_over(hello.tasks)
        return True

    def _setup_of(self, worker: _Worker) -> control.JobSetup:
        return control.JobSetup(
            job_id=self.job_id,
            job_name=self._graph.name,
            config={**self._graph.config, **self._options.to_map()},
            types=self._graph.types,
            artifacts=self._launcher.artifacts,
            socket_dir=self._launcher.socket_dir,
            listen_host=self._launcher.listen_host_of(worker.plan.worker_id),
            several_hosts=self._launcher.several_hosts,
            reconnect_timeout_ms=0 if self._comeback is None else self._comeback.reconnect_timeout_ms,
        )

    def _take_over(self, snapshots: Sequence[control.TaskSnapshot]) -> None:
        """Learns what a worker's tasks have done under a master that is gone."""
        for snapshot in snapshots:
            if snapshot.connected:
                self._connected_tasks.add(snapshot.status.task_id)
                self._found_running = True
        if self._found_running and self._new_workers:
            gone = ", ".join(self._new_workers)
            message = f"job {self._graph.name}: worker {gone} has died while the job master was away"
            self._end(JobFailedError(message, job_name=self._graph.name))
            return
        for snapshot in snapshots:
            if snapshot.HasField("deployed"):
                self._on_deployed(snapshot.deployed)
            if snapshot.status.state != control.TASK_STATE_CREATED:
                self._on_status(snapshot.status)

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
        elif kind == "printed":
            self._on_printed(worker_id, message.printed)
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
                if task.task_id not in self._connected_tasks:
                    self._connected_tasks.add(task.task_id)
                    self._worker_of[task.task_id].send(control.MasterMessage(connect_task=self._connections(task)))

    def _connections(self, task: control.TaskDescriptor) -> control.ConnectTask:
        producers = [
            control.ConnectTask.Producer(
                channel=channel.channel,
                incarnation=self._tasks[channel.peer_task].incarnation,
                endpoint=self._endpoint_for(task.task_id, channel.peer_task),
            )
            for edge in task.inputs
            for channel in edge.channels
        ]
        return control.ConnectTask(task_id=task.task_id, producers=producers)

    def _endpoint_for(self, consumer: int, producer: int) -> control.Endpoint:
        """Returns where a consumer finds a producer: at its Unix socket if both are on one host."""
        endpoint = self._endpoints[producer]
        hosts = {self._launcher.listen_host_of(self._worker_of[task].plan.worker_id) for task in (consumer, producer)}
        if len(hosts) == 1 or not endpoint.tcp_host:
            return endpoint
        return control.Endpoint(tcp_host=endpoint.tcp_host, tcp_port=endpoint.tcp_port)

    def _on_status(self, status: control.TaskStatus) -> None:
        self._task_states[status.task_id] = status.state
        if status.state == control.TASK_STATE_CANCELLED:
            self.cancel()  # the master that wanted it is gone; else it is being cancelled already
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
        if batch.seq <= self._collected_seqs.get(batch.task_id, 0):
            return  # sent again, for the worker did not know that it had come
        self._collected_seqs[batch.task_id] = batch.seq
        self.collected.setdefault(batch.operator_id, []).append(batch)
        if self._acknowledges_at_once:
            ack = control.CollectedAck(task_id=batch.task_id, seq=batch.seq)
            worker.send(control.MasterMessage(collected_ack=ack))

    @property
    def _acknowledges_at_once(self) -> bool:
        """True unless the worker has to keep a batch because this master may die with it."""
        return self._comeback is None

    def _on_printed(self, worker_id: str, printed: control.PrintedLine) -> None:
        if printed.stream == "stderr":
            self.note_error_line(worker_id, printed.line)
        if self._comeback is not None:
            self._comeback.printed(worker_id, printed)

    # ------------------------------------------------------------------ life

    async def _deploy(self) -> None:
        if self.state is not JobState.CREATED:
            return  # cancelled before it began
        self._enter(JobState.DEPLOYING)
        await self._launcher.prepare(self.plan)
        address = await self._server.start(self._launcher.listen_host)

        async def start(worker: _Worker) -> None:
            spec = WorkerSpec(worker.plan.worker_id, worker.plan.language, address, self._token)
            worker.process = await self._launcher.start(spec)
            worker.heard = time.monotonic()

        await asyncio.gather(*(start(worker) for worker in self._workers.values()))
        self._deploying_since = time.monotonic()

    async def _watch(self) -> None:
        """Looks for what nobody reports: dead, silent and late workers, and stalls."""
        deploy_timeout = self._options.integer("anabranch.deploy.timeout-ms") / 1000
        silence_limit = self._options.integer("anabranch.heartbeat.timeout-ms") / 1000
        while True:
            await asyncio.sleep(_WATCH_INTERVAL)
            now = time.monotonic()
            for worker in self._workers.values():
                await self._look_at(worker, now, silence_limit)
            since = self._deploying_since
            if self.state is JobState.DEPLOYING and since is not None and now - since > deploy_timeout:
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
        while time.monotonic() < deadline + _EXIT_TIMEOUT and not (
            all(process.drained() for process in processes)
            and all(worker.stream is None for worker in self._workers.values())
        ):
            await asyncio.sleep(_WATCH_INTERVAL / 10)
        await self._launcher.close()
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
