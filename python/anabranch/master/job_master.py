"""The job master: one per job, on one event loop, so that it needs no locks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from anabranch.checkpoint.numbers import FINAL, checkpoint_name, public_number
from anabranch.config import Options
from anabranch.control.job_server import ControlServer, ControlStream
from anabranch.errors import AnabranchError, JobCancelledError, JobFailedError
from anabranch.job import CompletedCheckpoint, JobState, JobStatus, OperatorStatus, PendingCheckpoint
from anabranch.launch.launcher import Launcher, WorkerProcess, WorkerSpec
from anabranch.master import open_files
from anabranch.master.checkpoint_removal import remove_checkpoints
from anabranch.master.checkpoints import Checkpoints
from anabranch.master.collected import CollectedBatches
from anabranch.master.execution import Deaths, Execution, Executions, FailedRecord
from anabranch.master.failures import language_name, task_failure, worker_death
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.rollback_scope import decide
from anabranch.master.stalls import LateCheckpoints, StallDetector, awaited
from anabranch.master.worker import Worker
from anabranch.master.worker_starts import WorkerStarts
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.threads import in_thread
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.graph_pb2 import JobGraph, Language

logger = logging.getLogger(__name__)

_WATCH_INTERVAL = 0.05
_STALL_INTERVAL = 0.5  # every task is looked at
_EXIT_TIMEOUT = 4.0  # longer than workers take for their exit handlers
_LONGEST_DELAY = 60.0  # before a restart
# New workers that fail as soon as they start may have met a condition that passes; for so long that fails no job.
_PATIENCE_WITH_STARTS = 10.0
_LATE = 1.0  # the event loop stood still if it comes so much later than it wanted


@dataclass
class _Restarts:
    """Restarts after errors of functions: in all, and since a checkpoint."""

    total: int = 0
    checkpoint: int = 0
    since_checkpoint: int = 0


class Comeback(Protocol):
    """What a job master that can be started again needs from whoever starts it."""

    @property
    def reconnect_timeout_ms(self) -> int:
        """How long the workers go on without a master."""

    @property
    def roster(self) -> bytes:
        """What `save` was given last, by a master before this one; empty if there was none."""

    async def save(self, roster: bytes) -> None:
        """Remembers who has which tasks, before that is acted on."""

    async def ending(self, state: JobState, error: AnabranchError | None) -> None:
        """Remembers how the job has ended, before its workers are ended."""


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
        printed: Callable[[str, control.PrintedLine], None] | None = None,
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
            printed: Takes the lines that workers send, each with its worker; None: they have pipes of their own.
            comeback: How this master can be started again while the job goes on; None: it ends with this process.
        """
        self.job_id = job_id
        self.state = JobState.CREATED
        self.collected = CollectedBatches()  # those that the client has not fetched yet
        self.taken_back: list[gateway.TakenBack] = []  # what the client may have to drop of those that it has
        self.launched = threading.Event()  # every worker process was started, or the job is ending
        self._graph = graph
        self._options = options
        self._token = token
        self._launcher = launcher
        self._warn = warn
        self._printed = printed
        self.plan = plan
        self._server = ControlServer(
            token,
            self,
            workers=len(plan.workers),
            heartbeat_timeout_ms=options.integer("anabranch.heartbeat.timeout-ms"),
        )
        self._workers = {worker.worker_id: Worker(worker) for worker in plan.workers}
        self._tasks = Executions(
            plan.tasks, {task: worker for worker in self._workers.values() for task in worker.plan.task_ids}
        )
        self._comeback = comeback
        self._new_workers: list[str] = []  # those that have come without a past
        self._takes_over = False  # another master's workers are still coming
        self._found_running = False  # a worker has come with tasks that another master has connected
        self._deploying_since: float | None = None
        self._checkpoints = self._make_checkpoints()
        self._look_now = asyncio.Event()  # a worker has gone: no need to wait for the next look
        self._recovery_watch = RecoveryWatch(options.integer("anabranch.deploy.timeout-ms") / 1000)
        self._starts = {worker.language: WorkerStarts() for worker in plan.workers}
        self._recovery_lock = asyncio.Lock()
        self._restarts_made = _Restarts()
        self._last_checkpoint: asyncio.Future[None] | None = None
        self._standbys = 0
        self._recoveries = 0
        self._background: set[asyncio.Future[None]] = set()
        self._address = ""
        self._late_checkpoints, self._stalls = (
            LateCheckpoints(),
            StallDetector(options.integer("anabranch.stall.warn-ms") / 1000),
        )
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handlers: dict[str, Callable[[Any], None]] = {
            "report": self._on_report,
            "task_deployed": self._on_deployed,
            "task_status": self._on_status,
            "checkpoint": self._on_checkpoint,
            "committed": self._on_committed,
        }
        self._started = time.monotonic()
        self._ended: float | None = None
        self._error: AnabranchError | None = None

    def _make_checkpoints(self) -> Checkpoints | None:
        if self._options.mode == "none":
            return None
        return Checkpoints(
            self._options,
            self.job_id,
            self._tasks.consumers,
            secret=bytes.fromhex(self._token),
            tell_all=self._tell_all,
            remember=self._save_roster,
            may_complete=self._client_has_before,
            warn=lambda text: self._warn(f"job {self._graph.name}: {text}"),
            fail=lambda error: self._end(_as_job_failure(error, self._graph.name)),
        )

    async def run(self) -> AnabranchError | None:
        """Runs the job to its end; returns the error it ended with, or None if it has finished."""
        watch = self._in_background(self._watch())
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
        await remove_checkpoints(
            self._options, self.job_id, last_state, lambda text: self._warn(f"job {self._graph.name}: {text}")
        )
        self.launched.set()
        self._ended = time.monotonic()
        if self.state is not last_state:
            self._enter(last_state)
        return self._error

    async def _await_client(self) -> None:
        """Waits until the client has fetched what the workers then may forget."""
        while not self._client_has_before(FINAL):
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
        for report in self._tasks.reports.values():
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
            last_checkpoint=None if self._checkpoints is None else self._checkpoints.last_completed,
            pending_checkpoint=None if self._checkpoints is None else self._pending_checkpoint(self._checkpoints),
            failed_checkpoints=0 if self._checkpoints is None else self._checkpoints.failures,
            recoveries=self._recoveries,
        )

    def _pending_checkpoint(self, checkpoints: Checkpoints) -> PendingCheckpoint | None:
        begun = checkpoints.begun
        if begun is None:
            return None
        number, began_at = begun
        return PendingCheckpoint(
            public_number(number),
            began_at,
            tuple(awaited(checkpoints.missing, self._tasks.descriptors, self._tasks.reports)),
        )

    def note_error_line(self, worker_id: str, line: str) -> None:
        """Remembers a line that a worker wrote to stderr, for the case that it dies."""
        if worker_id in self._workers:
            self._workers[worker_id].errors.append(line)

    def acknowledge_collected(self, received: Mapping[int, int]) -> None:
        """Says that the client has the batches of these tasks up to these numbers."""
        self.collected.forget(received)
        if self._checkpoints is not None:
            self._checkpoints.complete_if_whole()
        for task_id, seq in received.items():
            if task_id in self._tasks:
                ack = control.CollectedAck(task_id=task_id, seq=seq)
                self._tasks[task_id].worker.send(control.MasterMessage(collected_ack=ack))

    def current_plan(self) -> ExecutionPlan:
        """Returns the plan with the workers that there are now, and the tasks that each has."""
        return replace(self.plan, workers=tuple(worker.plan for worker in list(self._workers.values())))

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
        worker.connect(hello, stream)
        self._starts[worker.language].connected()
        if not hello.set_up:
            self._new_workers.append(hello.worker_id)
            worker.send(control.MasterMessage(setup=self._setup_of(worker)))
        if self._takes_over:
            self._take_over(hello.tasks)
            if all(each.stream is not None for each in self._workers.values()) and self._checkpoints is not None:
                self._takes_over = False
                self._in_background(self._recover_what_died(self._checkpoints))
            return True
        there = {snapshot.status.task_id for snapshot in hello.tasks}
        self._send_deploys(worker, [task for task in worker.plan.task_ids if task not in there])
        self._take_over(hello.tasks)
        return True

    def _setup_of(self, worker: Worker) -> control.JobSetup:
        return control.JobSetup(
            job_id=self.job_id,
            job_name=self._graph.name,
            config={**self._graph.config, **self._options.to_map()},
            types=self._graph.types,
            python_modules=self._graph.python_modules,
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
                self._tasks[snapshot.status.task_id].connected = True
                self._found_running = True
        if self._found_running and self._new_workers and self._checkpoints is None:
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
        worker = self._workers.get(worker_id)
        if worker is None:
            return  # it was given up, and others have its tasks
        worker.heard = time.monotonic()
        try:
            self._on_message(worker, message)
        except Exception as error:
            logger.exception("job %s: a message of worker %s", self.job_id, worker_id)
            what = f"a message of worker {worker_id} cannot be handled: {type(error).__name__}: {error}"
            self._end(JobFailedError(f"job {self._graph.name}: {what}", job_name=self._graph.name))

    def _on_message(self, worker: Worker, message: control.WorkerMessage) -> None:
        worker_id = worker.plan.worker_id
        kind = message.WhichOneof("message")
        if kind == "collected":
            self._on_collected(worker, message.collected)
        elif kind == "printed":
            self._on_printed(worker_id, message.printed)
        elif kind == "failed":
            self._end(JobFailedError(f"worker {worker_id} failed: {message.failed.summary}\n{message.failed.trace}"))
        elif kind in self._handlers:
            self._handlers[kind](getattr(message, kind))

    def disconnected(self, worker_id: str, stream: ControlStream) -> None:  # noqa: D102
        worker = self._workers.get(worker_id)
        if worker is not None and worker.stream is stream:
            worker.stream = None
            worker.lost = True
            self._look_now.set()

    # ------------------------------------------------------------------ what workers say

    def _on_report(self, report: control.WorkerReport) -> None:
        for report_of_task in report.tasks:
            task = self._tasks[report_of_task.task_id]
            if task.recovering and task.gets_on(report_of_task):
                self._recovery_watch.moved()
            task.report = report_of_task
            if self._checkpoints is not None:
                self._checkpoints.note_logs(report_of_task.log_bytes)

    def _on_deployed(self, deployed: control.TaskDeployed) -> None:
        task = self._tasks[deployed.task_id]
        if not task.is_current(deployed.incarnation):
            return
        task.state = control.TASK_STATE_CREATED
        task.endpoint = deployed.endpoint
        self._recovery_watch.deployed(task.task_id)
        if any(each.endpoint is None for each in self._tasks.values()):
            return
        for each in self._tasks.values():
            if not each.connected:
                each.connected = True
                each.worker.send(control.MasterMessage(connect_task=self._connections(each)))
            else:
                moved = self._connections(each, only_moved=True)
                if moved.producers:
                    each.worker.send(control.MasterMessage(connect_task=moved))
        for each in self._tasks.values():
            each.moved = False

    def _connections(self, task: Execution, *, only_moved: bool = False) -> control.ConnectTask:
        """Returns where a task finds its producers, or those that have moved."""
        connect = control.ConnectTask(task_id=task.task_id)
        for edge in task.descriptor.inputs:
            for channel in edge.channels:
                producer = self._tasks[channel.peer_task]
                if producer.moved or not only_moved:
                    connect.producers.add(
                        channel=channel.channel,
                        incarnation=producer.descriptor.incarnation,
                        endpoint=self._endpoint_for(task, producer),
                    )
        return connect

    def _endpoint_for(self, consumer: Execution, producer: Execution) -> control.Endpoint:
        """Returns where a consumer finds a producer: at its Unix socket if both are on one host."""
        endpoint = producer.endpoint
        assert endpoint is not None  # noqa: S101 - all tasks are deployed
        hosts = {self._launcher.listen_host_of(task.worker.worker_id) for task in (consumer, producer)}
        if len(hosts) == 1 or not endpoint.tcp_host:
            return endpoint
        return control.Endpoint(tcp_host=endpoint.tcp_host, tcp_port=endpoint.tcp_port, nonce=endpoint.nonce)

    def _on_status(self, status: control.TaskStatus) -> None:
        task = self._tasks[status.task_id]
        if not task.is_current(status.incarnation):
            return
        task.state = status.state
        if status.state == control.TASK_STATE_CANCELLED:
            self.cancel()  # the master that wanted it is gone; else it is being cancelled already
        if task.is_live:
            self._on_live(task)
        if status.state == control.TASK_STATE_FAILED:
            message = f"job {self._graph.name}: {task_failure(status.error)}"
            if self._restarts(status):
                return
            self._end(JobFailedError(message, job_name=self._graph.name, error=status.error))
        elif self._tasks.all_finished:
            if self.state is JobState.DEPLOYING:
                self._enter(JobState.RUNNING)
            if self._checkpoints is None:
                self._end(None)
            else:
                self._commit_if_ended(self._checkpoints)
        elif self.state is JobState.DEPLOYING and self._tasks.all_run:
            self._enter(JobState.RUNNING)

    # ------------------------------------------------------------------ checkpoints and recovery, docs/design/006

    async def _save_roster(self) -> None:
        """Has what another master would need remembered: who has which tasks, as which incarnation."""
        if self._comeback is None or self._checkpoints is None:
            return
        roster = {
            "number": self._checkpoints.number,
            "completed": self._checkpoints.last,
            "last": _times_of(self._checkpoints.last_completed),
            "recoveries": self._recoveries,
            "standbys": self._standbys,
            "taken_back": [[back.task_id, back.incarnation, back.epoch] for back in self.taken_back],
            "incarnations": {str(task): of.descriptor.incarnation for task, of in self._tasks.items()},
            "workers": [
                [worker.plan.worker_id, worker.plan.language, list(worker.plan.task_ids), worker.place_of]
                for worker in self._workers.values()
                if worker.plan.task_ids
            ],
        }
        await self._comeback.save(json.dumps(roster).encode())

    async def _load_roster(self, roster: dict[str, Any], checkpoints: Checkpoints) -> None:
        """Takes over from a master that is gone."""
        times = roster["last"] and CompletedCheckpoint(public_number(roster["completed"]), *roster["last"])
        await checkpoints.load(roster["number"], roster["completed"], times)
        self._recoveries = roster["recoveries"]
        self._standbys = roster["standbys"]
        self.taken_back = [
            gateway.TakenBack(task_id=task_id, incarnation=incarnation, epoch=epoch)
            for task_id, incarnation, epoch in roster["taken_back"]
        ]
        for task, incarnation in roster["incarnations"].items():
            self._tasks[int(task)].descriptor.incarnation = incarnation
        self._workers = {
            worker_id: Worker(WorkerPlan(worker_id, language, tuple(tasks)), place_of=place_of)
            for worker_id, language, tasks, place_of in roster["workers"]
        }
        for worker in self._workers.values():
            for task in worker.plan.task_ids:
                self._tasks[task].worker = worker

    async def _recover_what_died(self, checkpoints: Checkpoints) -> None:
        """Recovers the tasks that no worker has: those that had them died with the master."""
        dead = {task for task, of in self._tasks.items() if of.state == control.TASK_STATE_UNSPECIFIED}
        self._new_workers.clear()
        if dead:
            self._warn(f"job {self._graph.name}: workers have died while the job master was away")
            dead = self._roll_back_to(dead, checkpoints)
            await self._save_rolled_back(dead)
        self._deploy_again(dead)
        if checkpoints.last == FINAL:
            # Those that have committed would not say so again by themselves.
            self._last_checkpoint = asyncio.ensure_future(asyncio.sleep(0))
            self._tell_all(control.MasterMessage(checkpoint_completed=control.CheckpointCompleted(number=FINAL)))

    async def _save_rolled_back(self, again: set[int]) -> None:
        """Has the new incarnations remembered, and then ends the old ones of a job that goes back as a whole.

        In this order: a master after this one would take their end for that of the job.
        """
        await self._save_roster()
        if len(again) == len(self._tasks):
            self._tell_all(control.MasterMessage(cancel_tasks=control.CancelTasks()))

    def _tell_all(self, message: control.MasterMessage) -> None:
        for worker in self._workers.values():
            worker.send(message)

    def _on_checkpoint(self, taken: control.TaskCheckpoint) -> None:
        if self._checkpoints is not None and self._tasks[taken.task_id].is_current(taken.incarnation):
            self._checkpoints.take(taken.task_id, taken.snapshot)
            self._commit_if_ended(self._checkpoints)

    def _commit_if_ended(self, checkpoints: Checkpoints) -> None:
        """Completes the last checkpoint once all tasks have ended; what sinks hold back becomes visible by it."""
        if self._last_checkpoint is None and checkpoints.all_ended and self._tasks.all_finished:
            self._last_checkpoint = asyncio.ensure_future(self._complete_last(checkpoints))

    async def _complete_last(self, checkpoints: Checkpoints) -> None:
        try:
            await self._await_client()
            await checkpoints.complete_last()
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must not look as if all went well
            self._end(_as_job_failure(error, self._graph.name))

    def _on_committed(self, committed: control.TaskCommitted) -> None:
        if committed.number == FINAL:
            self._tasks[committed.task_id].committed = True
            if all(task.committed for task in self._tasks.values()):
                self._end(None)

    def _on_live(self, task: Execution) -> None:
        if task.recovering:
            task.recovering = False
            self._recovery_watch.moved()
            if self._checkpoints is not None and self._checkpoints.pending is not None:
                task.worker.send(self._checkpoints.trigger({task.task_id}))
            if self._checkpoints is not None and self._checkpoints.last == FINAL:
                # Its incarnation before has died between the end and the commit.
                completed = control.CheckpointCompleted(number=FINAL)
                task.worker.send(control.MasterMessage(checkpoint_completed=completed))

    async def _recover(self, dead: Worker, checkpoints: Checkpoints, death: str) -> None:
        """Has another worker go on with the tasks of a dead one."""
        self._workers.pop(dead.plan.worker_id, None)
        if dead.process is not None:
            await in_thread(dead.process.kill)
        failed = set(dead.plan.task_ids)
        self._note_failed_start(dead, death)
        if failed and not self._may_recover(failed, checkpoints):
            message = f"job {self._graph.name}: {death}\nIt has died too often (option anabranch.recovery.attempts)."
            self._end(JobFailedError(message, job_name=self._graph.name))
            return
        if failed:
            again = self._roll_back_to(failed, checkpoints)
            what = "the job goes" if len(again) == len(self._tasks) else "its tasks alone go"
            self._warn(
                f"job {self._graph.name}: {death.splitlines()[0]}; {what} back to {checkpoint_name(checkpoints.last)}"
            )
            self._replace(dead)
            await self._save_rolled_back(again)
            self._deploy_again(again)
        self._start_standbys()

    def _note_failed_start(self, dead: Worker, death: str) -> None:
        """Has the next worker wait if this one has not come up, or was a standby that did not last."""
        if dead.started is None:
            return  # it is one of those that the job began with
        is_standby = not dead.plan.task_ids
        starts = self._starts[dead.plan.language]
        age = time.monotonic() - dead.started
        starts.failed(has_connected=dead.has_connected, is_standby=is_standby, age=age)
        delay = starts.delay(is_standby=True)
        if is_standby and delay:
            self._warn(f"job {self._graph.name}: standby {death.splitlines()[0]}; another is started in {delay:g} s")

    def _restarts(self, status: control.TaskStatus) -> bool:
        """Begins again after the failure of a task, if that is of use; returns whether it does."""
        checkpoints = self._checkpoints
        if checkpoints is None or not self._recovers:
            return False
        is_nondeterminism = status.error.kind == control.TaskError.KIND_NONDETERMINISM
        if is_nondeterminism and self._may_recover({status.task_id}, checkpoints):
            why = f"{status.error.summary}; the job goes"
            self._begin_again(set(self._tasks), checkpoints, why, whole=True, delay=0)
            return True
        if self._restarts_made.total >= self._options.integer("anabranch.restart.attempts"):
            return False
        task, error = self._tasks[status.task_id], status.error
        failure = FailedRecord(error.operator, error.record, error.record_position, checkpoints.last)
        if failure.is_again(task.failed_at):
            message = f"job {self._graph.name}: {task_failure(status.error)}\n"
            message += "The same record has failed there before: another restart would not help."
            self._end(JobFailedError(message, job_name=self._graph.name, error=status.error))
            return True
        task.failed_at = failure
        delay = self._restart_delay(checkpoints.last)
        why = f"{status.error.summary}; the task is restarted in {delay:g} s and goes"
        self._begin_again({status.task_id}, checkpoints, why, whole=False, delay=delay)
        return True

    def _restart_delay(self, checkpoint: int) -> float:
        """Returns the seconds to wait before a restart: twice as many with each one since the last checkpoint."""
        made = self._restarts_made
        if made.checkpoint != checkpoint:
            made.checkpoint, made.since_checkpoint = checkpoint, 0
        first = self._options.integer("anabranch.restart.delay-ms") / 1000
        delay = max(first, min(_LONGEST_DELAY, first * 2.0 ** min(made.since_checkpoint, 32)))
        made.total += 1
        made.since_checkpoint += 1
        return delay

    def _begin_again(self, failed: set[int], checkpoints: Checkpoints, why: str, *, whole: bool, delay: float) -> None:
        """Has failed tasks, or all, go back to the last checkpoint and begin again after a delay, seconds."""

        async def begin() -> None:
            async with self._recovery_lock:
                await checkpoints.settle()
                self._warn(f"job {self._graph.name}: {why} back to {checkpoint_name(checkpoints.last)}")
                again = self._roll_back_to(failed, checkpoints, whole=whole)
                await self._save_rolled_back(again)
            await asyncio.sleep(delay)
            self._deploy_again(again)

        self._in_background(begin())

    def _roll_back_to(self, failed: set[int], checkpoints: Checkpoints, *, whole: bool = False) -> set[int]:
        """Makes the tasks ready to begin again that have to: the failed ones, or all of them; returns these."""
        depth = self._options.integer("anabranch.recovery.sharing-depth") or len(self._tasks)
        again = failed
        self._recoveries += 1
        whole = (
            whole or self._options.text("anabranch.recovery.scope") == "job" or self._options.mode == "at_least_once"
        )
        if checkpoints.is_behind_tasks:
            whole = True
            newer = "A newer checkpoint was completed and cannot be read: sinks may have made visible what comes again."
            self._warn(f"job {self._graph.name}: {newer}")
        if whole or decide(failed | self._tasks.recovering, self._tasks.consumers, depth).rollback:
            again = set(self._tasks)
            checkpoints.abandon()
        checkpoints.forget(again)
        for task in again:
            self._prepare_again(self._tasks[task], checkpoints)
        return again

    def _deploy_again(self, tasks: set[int]) -> None:
        self._recovery_watch.deploys(tasks & self._tasks.recovering)
        for worker in self._workers.values():
            if worker.stream is not None:  # else it hears of its tasks once it comes
                self._send_deploys(worker, [task for task in worker.plan.task_ids if task in tasks])

    def _send_deploys(self, worker: Worker, tasks: Sequence[int]) -> None:
        """Sends a worker incarnations of its tasks, each once: it may come just when it is to be told of them."""
        shortage = open_files.shortage(
            worker.plan.worker_id,
            worker.plan.language,
            [self._tasks[task].descriptor for task in worker.plan.task_ids],
            worker.max_open_files,
            several_hosts=self._launcher.several_hosts,
        )
        if shortage is not None:
            self._end(JobFailedError(f"job {self._graph.name}: {shortage}", job_name=self._graph.name))
            return
        for task in (self._tasks[task_id] for task_id in tasks):
            if task.deployed_incarnation != task.descriptor.incarnation:
                task.deployed_incarnation = task.descriptor.incarnation
                worker.send(control.MasterMessage(deploy_task=task.descriptor))

    def _end_workers_that_do_not_deploy(self, now: float) -> None:
        """Gives up a worker that was to take over tasks and has not: another one will."""
        recovering = self._tasks.recovering
        if any(
            not self._recovery_watch.is_deploying(task) and self._tasks[task].endpoint is None for task in recovering
        ):
            return  # a restart waits for its time
        late = self._recovery_watch.late(recovering, now)
        for worker in list(self._workers.values()):
            tasks = sorted(late.intersection(worker.plan.task_ids))
            if tasks and worker.process is not None and not worker.dying:
                names = self._tasks.names(tasks)
                limit = f"within {self._options.integer('anabranch.deploy.timeout-ms') / 1000:g} s"
                what = f"worker {worker.plan.worker_id} has not resumed {names} {limit}"
                self._die(worker, f"{what} (option anabranch.deploy.timeout-ms)")
        seconds = self._recovery_watch.seconds_to_warn_of(now)
        if seconds is not None:
            what = ", ".join(f"{task.name} ({self._step_of(task)})" for task in self._tasks.values() if task.recovering)
            self._warn(f"job {self._graph.name}: the recovery has taken {seconds:.0f} s up to now: {what}")

    def _step_of(self, task: Execution) -> str:
        if task.worker.stream is None:
            return "its worker has not started"
        if self._recovery_watch.is_deploying(task.task_id) or task.endpoint is None:
            return "is being deployed"
        report = task.report
        if report is not None and any(counters.records_in + counters.records_out for counters in report.operators):
            return "repeats what it did since the checkpoint"
        return "connects, or opens its functions"

    def _may_recover(self, failed: set[int], checkpoints: Checkpoints) -> bool:
        limit = self._options.integer("anabranch.recovery.attempts")
        now = time.monotonic()
        for task in (self._tasks[task_id] for task_id in failed):
            deaths = task.deaths
            if deaths is None or deaths.checkpoint != checkpoints.last:
                deaths = task.deaths = Deaths(checkpoints.last, 0, now)
            deaths.times += 1
            is_short = task.recovering and now - deaths.since < _PATIENCE_WITH_STARTS and limit > 0
            if deaths.times > limit and not is_short:
                return False
        return True

    def _prepare_again(self, task: Execution, checkpoints: Checkpoints) -> None:
        """Makes a task ready to be deployed as a new incarnation, with its state of the last checkpoint."""
        task.begin_again(checkpoints.snapshots.get(task.task_id, control.Snapshot()))
        self._recovery_watch.deployed(task.task_id)
        if task.collects:
            descriptor = task.descriptor
            back = gateway.TakenBack(
                task_id=task.task_id, incarnation=descriptor.incarnation, epoch=descriptor.restore.number
            )
            self.taken_back.append(back)
            self.collected.take_back(back)

    def _replace(self, dead: Worker) -> None:
        """Has a standby take over the tasks, or a worker that is started for them."""
        language = dead.plan.language
        for worker in self._workers.values():
            if not worker.plan.task_ids and worker.plan.language == language and worker.stream is not None:
                self._starts[language].standby_was_used()
                break
        else:
            worker = self._start_spare(dead.place_of or dead.plan.worker_id, language)
        worker.plan = replace(worker.plan, task_ids=dead.plan.task_ids)
        for task in dead.plan.task_ids:
            self._tasks[task].worker = worker

    def _start_standbys(self) -> None:
        if self._checkpoints is None or self.state is not JobState.RUNNING:
            return
        wanted = self._options.integer("anabranch.recovery.standbys")
        for language in {worker.language for worker in self.plan.workers}:
            idle = sum(not w.plan.task_ids and w.plan.language == language for w in self._workers.values())
            first = next(worker.worker_id for worker in self.plan.workers if worker.language == language)
            for _ in range(wanted - idle):
                self._start_spare(first, language)

    def _start_spare(self, place_of: str, language: Language) -> Worker:
        """Starts a worker that has no tasks yet, where another worker is or was."""
        self._standbys += 1
        name = f"{language_name(language).lower()}-standby-{self._standbys}"
        worker = Worker(WorkerPlan(name, language, ()), place_of=place_of)
        self._workers[name] = worker

        async def start() -> None:
            spec = WorkerSpec(name, language, self._address, self._token, place_of)
            await asyncio.sleep(self._starts[language].delay(is_standby=not worker.plan.task_ids))
            if self._outcome.done():
                return
            try:
                worker.started = time.monotonic()
                worker.process = await self._launcher.start(spec)
                self._recovery_watch.worker_started(worker.plan.task_ids)
            except Exception as error:  # noqa: BLE001 - the job goes on without, until it needs one
                await self._on_failed_start(worker, f"worker {name} could not be started: {error}")
            worker.heard = time.monotonic()

        self._in_background(start())
        return worker

    async def _on_failed_start(self, worker: Worker, problem: str) -> None:
        if self._checkpoints is not None and self._recovers:
            async with self._recovery_lock:
                await self._recover(worker, self._checkpoints, problem)
        else:
            self._workers.pop(worker.plan.worker_id, None)
            self._warn(f"job {self._graph.name}: {problem}")

    # ------------------------------------------------------------------ what comes for the client

    def _on_collected(self, worker: Worker, batch: control.CollectedBatch) -> None:
        if not self._tasks[batch.task_id].is_current(batch.incarnation):
            return
        if self.collected.add(batch) and self._acknowledges_at_once:
            ack = control.CollectedAck(task_id=batch.task_id, seq=batch.seq)
            worker.send(control.MasterMessage(collected_ack=ack))

    def _client_has_before(self, epoch: int) -> bool:
        """Returns whether the client has what was collected in earlier epochs, if this master may die without it."""
        return self._acknowledges_at_once or not self.collected.any_before(epoch)

    @property
    def _acknowledges_at_once(self) -> bool:
        """True unless the worker has to keep a batch because this master may die with it."""
        return self._comeback is None

    def _on_printed(self, worker_id: str, printed: control.PrintedLine) -> None:
        if printed.stream == "stderr":
            self.note_error_line(worker_id, printed.line)
        if self._printed is not None:
            self._printed(worker_id, printed)

    # ------------------------------------------------------------------ life

    async def _deploy(self) -> None:
        if self.state is not JobState.CREATED:
            return  # cancelled before it began
        self._enter(JobState.DEPLOYING)
        await self._launcher.prepare(self.plan)
        if self._checkpoints is not None:
            await self._checkpoints.check()
        if self._comeback is not None and self._checkpoints is not None and self._comeback.roster:
            await self._load_roster(json.loads(self._comeback.roster), self._checkpoints)
            self._takes_over = True
        self._address = address = await self._server.start(self._launcher.listen_host)

        async def start(worker: Worker) -> None:
            spec = WorkerSpec(worker.plan.worker_id, worker.plan.language, address, self._token, worker.place_of)
            worker.process = await self._launcher.start(spec)
            worker.heard = time.monotonic()

        await asyncio.gather(*(start(worker) for worker in self._workers.values()))
        self._deploying_since = time.monotonic()

    async def _watch(self) -> None:
        """Looks for what nobody reports: dead, silent and late workers, and stalls."""
        deploy_timeout = self._options.integer("anabranch.deploy.timeout-ms") / 1000
        silence_limit = self._options.integer("anabranch.heartbeat.timeout-ms") / 1000
        next_stall_check = 0.0
        while True:
            looked = time.monotonic()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), _WATCH_INTERVAL)
            self._look_now.clear()
            now = time.monotonic()
            if now - looked > _LATE:
                self._excuse(now - looked)
                continue  # once more, when what the workers have said meanwhile was read
            for worker in list(self._workers.values()):
                await self._look_at(worker, now, silence_limit)
            since = self._deploying_since
            if self.state is JobState.DEPLOYING and since is not None and now - since > deploy_timeout:
                late = [task.name for task in self._tasks.values() if task.state != control.TASK_STATE_RUNNING]
                self._end(JobFailedError(f"not deployed within {deploy_timeout:.0f} s: {', '.join(late)}"))
            if self.state is JobState.RUNNING and self._checkpoints is not None and self._all_live:
                await self._checkpoints.begin_if_due(now)
            if self.state is JobState.RUNNING and self._tasks.recovering:
                self._end_workers_that_do_not_deploy(now)
            if self.state is JobState.RUNNING and self._all_live and now >= next_stall_check:
                next_stall_check = now + _STALL_INTERVAL
                warning = self._stalls.check(now, self._tasks.descriptors, self._tasks.reports)
                if warning:
                    self._warn(f"job {self._graph.name}: {warning}")
                if self._checkpoints is not None:
                    self._warn_of_late_checkpoint(now, self._checkpoints)

    def _warn_of_late_checkpoint(self, now: float, checkpoints: Checkpoints) -> None:
        pending, began, missing = checkpoints.pending, checkpoints.began, checkpoints.missing
        tasks, reports = self._tasks.descriptors, self._tasks.reports
        warning = self._late_checkpoints.check(now, pending, began, missing, tasks=tasks, reports=reports)
        if warning:
            self._warn(f"job {self._graph.name}: {warning}")

    def _excuse(self, seconds: float) -> None:
        """This process stood still for a while (Ctrl-Z, a debugger, a paused machine): nobody else is late for it."""
        for worker in self._workers.values():
            worker.heard += seconds
        self._recovery_watch.excuse(seconds)
        if self._deploying_since is not None:
            self._deploying_since += seconds

    async def _look_at(self, worker: Worker, now: float, silence_limit: float) -> None:
        if worker.process is None or worker.dying or self._outcome.done():
            return
        exit_code = worker.process.poll()
        if exit_code is None and worker.lost:
            # The stream breaks a moment before the process is gone; a job that recovers has no time for more.
            exit_code = await self._exit_code_of(worker.process, patience=0.05 if self._recovers else 1.0)
        if exit_code is not None or worker.lost:
            if not self._recovers:
                await asyncio.sleep(_WATCH_INTERVAL)  # its last words may still be on their way
            self._die(worker, self._death_of(worker, exit_code))
        elif silence_limit and worker.stream is not None and now - worker.heard > silence_limit:
            who = f"worker {worker.plan.worker_id}, process {worker.process.pid},"
            self._die(worker, f"job {self._graph.name}: {who} has been silent for {now - worker.heard:.0f} s")

    @property
    def _all_live(self) -> bool:
        return not self._tasks.recovering and not any(worker.dying for worker in self._workers.values())

    @property
    def _recovers(self) -> bool:
        return self._checkpoints is not None and self.state is JobState.RUNNING

    def _die(self, worker: Worker, message: str) -> None:
        """Handles a death beside all else: the store may be slow just now, and others may die."""
        worker.dying = True
        self._in_background(self._on_death(worker, message))

    async def _on_death(self, worker: Worker, message: str) -> None:
        async with self._recovery_lock:
            if self._checkpoints is not None and self._recovers:
                await self._checkpoints.settle()
                if self._last_checkpoint is not None:
                    await self._last_checkpoint
            if self._checkpoints is not None and self._recovers:
                await self._recover(worker, self._checkpoints, message.removeprefix(f"job {self._graph.name}: "))
            else:
                self._end(JobFailedError(message, job_name=self._graph.name))

    def _death_of(self, worker: Worker, exit_code: int | None) -> str:
        assert worker.process is not None  # noqa: S101 - it has an exit code
        tasks = self._tasks.names(worker.plan.task_ids)
        death = worker_death(worker.plan.worker_id, worker.process.pid, exit_code, tasks, list(worker.errors))
        return f"job {self._graph.name}: {death}"

    async def _stop_tasks(self) -> None:
        """Cancels every task and waits, for a limited time, until those of living workers have ended."""
        timeout = self._options.integer("anabranch.cancel.timeout-ms") / 1000
        if self._checkpoints is not None:
            await self._checkpoints.stop(timeout)
        self._tell_all(control.MasterMessage(cancel_tasks=control.CancelTasks()))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and any(self._still_runs(task) for task in self._tasks.values()):
            await asyncio.sleep(_WATCH_INTERVAL / 5)

    @staticmethod
    def _still_runs(task: Execution) -> bool:
        running = (control.TASK_STATE_CREATED, control.TASK_STATE_RUNNING)
        return task.worker.stream is not None and task.state in running

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
            await asyncio.sleep(_WATCH_INTERVAL / 20)
        return process.poll()

    def _enter(self, state: JobState) -> None:
        if self.state is JobState.CANCELLING and state is JobState.FAILING:
            return
        assert self.state.may_become(state), f"{self.state} -> {state}"  # noqa: S101 - a mistake of ours
        logger.debug("job %s: %s -> %s", self.job_id, self.state.name, state.name)
        self.state = state
        if state is JobState.RUNNING:
            self._start_standbys()
            self._in_background(self._save_roster())

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Does something beside all else. If it fails, so does the job: nobody else would notice."""
        task = asyncio.ensure_future(work)
        self._background.add(task)

        def on_done(done: asyncio.Future[None]) -> None:
            self._background.discard(done)
            error = None if done.cancelled() else done.exception()
            if error is not None:
                logger.error("job %s", self.job_id, exc_info=error)
                self._end(_as_job_failure(error, self._graph.name))

        task.add_done_callback(on_done)
        return task

    def _end(self, error: AnabranchError | None) -> None:
        """Sets the outcome; the first one counts."""
        if not self._outcome.done():
            if error is None:
                self._outcome.set_result(None)
            else:
                self._outcome.set_exception(error)


def _times_of(checkpoint: CompletedCheckpoint | None) -> list[float] | None:
    return None if checkpoint is None else [checkpoint.completed_at, checkpoint.duration]


def _as_job_failure(error: BaseException, job_name: str) -> JobFailedError:
    if isinstance(error, JobFailedError):
        return error
    what = str(error) if isinstance(error, AnabranchError) else f"{type(error).__name__}: {error}"
    prefix = f"job {job_name}: "
    failure = JobFailedError(prefix + what.removeprefix(prefix), job_name=job_name)
    failure.__cause__ = error
    return failure
