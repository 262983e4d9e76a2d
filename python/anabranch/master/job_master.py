"""The job master: one per job, on one event loop, so that it needs no locks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from anabranch.checkpoint.numbers import FINAL, public_number
from anabranch.config import Options
from anabranch.control.job_server import ControlServer, ControlStream
from anabranch.errors import AnabranchError, JobCancelledError
from anabranch.job import JobState, JobStatus, OperatorStatus, PendingCheckpoint
from anabranch.launch.launcher import Launcher
from anabranch.master.assignment import Assignment
from anabranch.master.checkpoint_coordinator import CheckpointCoordinator
from anabranch.master.checkpoint_removal import remove_checkpoints
from anabranch.master.checkpoint_writer import CheckpointWriter
from anabranch.master.collected import CollectedBatches
from anabranch.master.deployment import Deployment
from anabranch.master.failover import Failover
from anabranch.master.failures import language_name
from anabranch.master.handover import Handover, HighAvailability
from anabranch.master.job_life import JobLife, Phase
from anabranch.master.job_log import JobLog
from anabranch.master.no_checkpoints import NoCheckpoints
from anabranch.master.reconnection import Reconnection
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.results import Results
from anabranch.master.stalls import awaited
from anabranch.master.watch import Watch
from anabranch.master.worker import Worker
from anabranch.master.worker_pool import WorkerPool
from anabranch.plan import ExecutionPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.graph_pb2 import JobGraph

logger = logging.getLogger(__name__)


class JobMaster:
    """Deploys, watches and ends one job. Every method runs on the master's event loop.

    It joins the parts that do so and passes them what workers and clients say. A master that was started again in the
    place of a dead one (see `HighAvailability`) finds the workers running and learns from them how far the job is.

    Attributes:
        job_id: Unique wherever the job may be seen.
        plan: What the planner has made of the job.
        launched: Set once every worker process was started, or the job is ending.
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
        high_availability: HighAvailability | None = None,
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
            high_availability: How this master can be started again while the job goes on; None: the job ends with
                this process.
        """
        recoverable = options.mode != "none"
        self.job_id = job_id
        self.plan = plan
        self.launched = threading.Event()
        self._graph = graph
        self._options = options
        self._launcher = launcher
        self._printed = printed
        self._high_availability = high_availability
        self._server = ControlServer(
            token,
            self,
            workers=len(plan.workers),
            heartbeat_timeout_ms=options.integer("anabranch.heartbeat.timeout-ms"),
        )
        self._life = life = JobLife(job_id, JobLog(graph.name, warn), recoverable=recoverable)
        self._assignment = assignment = Assignment(plan)
        self._recovery_watch = recovery_watch = RecoveryWatch(options.integer("anabranch.deploy.timeout-ms") / 1000)
        self._handover = handover = Handover(high_availability if recoverable else None)
        self._results = results = Results(assignment, life, kept_by_workers=high_availability is not None)
        self._checkpoints: CheckpointCoordinator | NoCheckpoints = NoCheckpoints(assignment, life)
        if recoverable:
            writer = CheckpointWriter(options, job_id, secret=bytes.fromhex(token), warn=life.warn)
            self._checkpoints = CheckpointCoordinator(
                options, assignment, writer, results=results, handover=handover, life=life
            )
        self._pool = WorkerPool(options, assignment, launcher, recovery_watch=recovery_watch, life=life, token=token)
        self._deployment = Deployment(
            job_id,
            graph,
            options,
            assignment,
            launcher,
            recovery_watch=recovery_watch,
            life=life,
            reconnect_timeout_ms=0 if high_availability is None else high_availability.reconnect_timeout_ms,
        )
        self._failover = Failover(
            options,
            assignment,
            self._checkpoints,
            self._pool,
            self._deployment,
            results=results,
            handover=handover,
            recovery_watch=recovery_watch,
            life=life,
        )
        self._watch = Watch(
            options,
            assignment,
            checkpoints=self._checkpoints,
            pool=self._pool,
            failover=self._failover,
            recovery_watch=recovery_watch,
            life=life,
        )
        self._reconnection = Reconnection(
            assignment, life, on_deployed=self._deployment.deployed, on_status=self._on_status
        )
        self._pool.listener = self._failover
        handover.parts = (assignment, self._checkpoints, self._pool, self._failover, results)
        life.on_running += [self._pool.start_standbys, lambda: life.in_background(handover.save())]
        self._started = time.monotonic()
        self._ended: float | None = None
        self._error: AnabranchError | None = None

    # ------------------------------------------------------------------ life

    async def run(self) -> AnabranchError | None:
        """Runs the job to its end; returns the error it ended with, or None if it has finished."""
        watch = self._life.in_background(self._watch.run())
        end = Phase.FINISHED
        try:
            await self._begin()
            self.launched.set()
            await self._life.outcome()
            await self._results.wait_until_safe(FINAL)
            self._life.close()
        except JobCancelledError as error:
            self._error, end = error, Phase.CANCELLED
            await self._stop_tasks()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the job and not the master
            self._error, end = self._life.job_log.failure_by(error), Phase.FAILED
            self._life.enter(Phase.FAILING)
            await self._stop_tasks()
        watch.cancel()
        if self._high_availability is not None:
            await self._high_availability.ending(end.state, self._error)
        await self._pool.shut_down()
        await self._server.stop()
        await remove_checkpoints(self._options, self.job_id, end.state, self._life.warn)
        self.launched.set()
        self._ended = time.monotonic()
        self._life.enter(end)
        return self._error

    def cancel(self) -> None:
        """Stops the job; harmless if it is ending already."""
        self._life.cancel()

    async def _begin(self) -> None:
        if self._life.phase is not Phase.CREATED:
            return  # cancelled before it began
        left = self._handover.left()
        self._life.enter(Phase.DEPLOYING if left is None else Phase.RECONNECTING)
        await self._launcher.prepare(self.plan)
        await self._checkpoints.check()
        if left is not None:
            await self._checkpoints.load_from(left)
            for part in (self._assignment, self._pool, self._failover, self._results):
                part.load_from(left)
        await self._pool.start(await self._server.start(self._launcher.listen_host))
        self._watch.workers_started()

    async def _stop_tasks(self) -> None:
        timeout = self._options.integer("anabranch.cancel.timeout-ms") / 1000
        await self._checkpoints.stop(timeout)
        await self._pool.stop_tasks(timeout)

    # ------------------------------------------------------------------ what clients ask

    @property
    def state(self) -> JobState:
        """How far the job is in its life."""
        return self._life.state

    @property
    def collected(self) -> CollectedBatches:
        """The batches that the client has not fetched yet."""
        return self._results.batches

    @property
    def taken_back(self) -> list[gateway.TakenBack]:
        """What the client may have to drop of those that it has."""
        return self._results.taken_back

    def acknowledge_collected(self, received: Mapping[int, int]) -> None:
        """Says that the client has the batches of these tasks up to these numbers."""
        self._results.acknowledge(received)
        self._checkpoints.complete_if_whole()

    def current_plan(self) -> ExecutionPlan:
        """Returns the plan with the workers that there are now, and the tasks that each has."""
        return replace(self.plan, workers=tuple(worker.plan for worker in list(self._assignment.workers.values())))

    def describe_workers(self) -> list[gateway.PlannedWorker]:
        """Returns every worker with its tasks, and where it is."""
        return self._pool.describe()

    def note_error_line(self, worker_id: str, line: str) -> None:
        """Remembers a line that a worker wrote to stderr, for the case that it dies."""
        self._pool.note_error_line(worker_id, line)

    def status(self) -> JobStatus:
        """Returns counters and state as they are now."""
        counters: dict[int, list[int]] = {}
        for report in self._assignment.tasks.reports.values():
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
            last_checkpoint=self._checkpoints.last_completed,
            pending_checkpoint=self._pending_checkpoint(),
            failed_checkpoints=self._checkpoints.failures,
            recoveries=self._failover.recoveries,
        )

    def _pending_checkpoint(self) -> PendingCheckpoint | None:
        begun = self._checkpoints.begun
        if begun is None:
            return None
        number, began_at = begun
        tasks = self._assignment.tasks
        waits_for = awaited(self._checkpoints.missing, tasks.descriptors, tasks.reports)
        return PendingCheckpoint(public_number(number), began_at, tuple(waits_for))

    # ------------------------------------------------------------------ what workers say (ControlListener)

    def connected(self, hello: control.WorkerHello, stream: ControlStream) -> bool:  # noqa: D102
        worker = self._assignment.workers.get(hello.worker_id)
        if worker is None or worker.stream is not None:
            return False
        worker.connect(hello, stream)
        self._pool.connected(worker)
        if not hello.set_up:
            self._deployment.set_up(worker)
        if self._life.phase is Phase.RECONNECTING:
            self._reconnection.learn(hello)
            if self._assignment.all_connected:
                self._life.enter(Phase.DEPLOYING)
                self._begin_to_run_if_live()
                self._life.in_background(self._failover.recover_what_died())
            return True
        there = {snapshot.status.task_id for snapshot in hello.tasks}
        self._deployment.deploy(worker, [task for task in worker.plan.task_ids if task not in there])
        self._reconnection.learn(hello)
        return True

    def received(self, worker_id: str, message: control.WorkerMessage) -> None:  # noqa: D102
        worker = self._assignment.workers.get(worker_id)
        if worker is None:
            return  # it was given up, and others have its tasks
        worker.heard = time.monotonic()
        try:
            self._on_message(worker, message)
        except Exception as error:
            logger.exception("job %s: a message of worker %s", self.job_id, worker_id)
            what = f"a message of worker {worker_id} cannot be handled: {type(error).__name__}: {error}"
            self._life.fail(what)

    def disconnected(self, worker_id: str, stream: ControlStream) -> None:  # noqa: D102
        worker = self._assignment.workers.get(worker_id)
        if worker is not None and worker.stream is stream:
            worker.stream = None
            worker.lost = True
            self._watch.look_soon()

    def _on_message(self, worker: Worker, message: control.WorkerMessage) -> None:
        kind = message.WhichOneof("message")
        if kind == "report":
            self._on_report(message.report)
        elif kind == "collected":
            self._results.take(worker, message.collected)
        elif kind == "printed":
            self._on_printed(worker.worker_id, message.printed)
        elif kind == "task_deployed":
            self._deployment.deployed(message.task_deployed)
        elif kind == "task_status":
            self._on_status(message.task_status)
        elif kind == "checkpoint":
            self._on_checkpoint(message.checkpoint)
        elif kind == "committed":
            self._checkpoints.committed(self._assignment.tasks[message.committed.task_id], message.committed.number)
        elif kind == "failed":
            failed = message.failed
            self._life.fail(f"worker {worker.worker_id} failed: {failed.summary}\n{failed.trace}")

    def _on_report(self, worker_report: control.WorkerReport) -> None:
        for report in worker_report.tasks:
            task = self._assignment.tasks[report.task_id]
            if task.recovering and task.gets_on(report):
                self._recovery_watch.moved()
            task.report = report
            self._checkpoints.note_logs(report.log_bytes)

    def _on_status(self, status: control.TaskStatus) -> None:
        task = self._assignment.tasks[status.task_id]
        if not task.is_current(status.incarnation):
            return
        task.state = status.state
        if status.state == control.TASK_STATE_CANCELLED:
            self._life.cancel()  # the master that wanted it is gone; else it is being cancelled already
        elif status.state == control.TASK_STATE_FAILED:
            self._failover.task_failed(task, status.error)
        elif task.is_live:
            self._failover.task_is_live(task)
            self._begin_to_run_if_live()

    def _begin_to_run_if_live(self) -> None:
        """Looks whether the last of all tasks has begun to run, or has finished."""
        if self._life.phase is Phase.DEPLOYING and self._assignment.tasks.all_run:
            self._life.enter(Phase.RUNNING)
        self._checkpoints.commit_if_finished()

    def _on_checkpoint(self, taken: control.TaskCheckpoint) -> None:
        if not self._assignment.tasks[taken.task_id].is_current(taken.incarnation):
            return
        if taken.failure:
            self._checkpoints.give_up(taken.snapshot.number, taken.failure)
        else:
            self._checkpoints.take(taken.task_id, taken.snapshot)

    def _on_printed(self, worker_id: str, printed: control.PrintedLine) -> None:
        if printed.stream == "stderr":
            self.note_error_line(worker_id, printed.line)
        if self._printed is not None:
            self._printed(worker_id, printed)
