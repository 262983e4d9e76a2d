"""The worker: does what the job master says, reports what its tasks do."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import deque

from anabranch import open_files
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.control.client import ControlClient
from anabranch.operators.job import WorkerJob
from anabranch.task.busy_watch import user_place
from anabranch.task.lifecycle import TaskState
from anabranch.task.task import Task
from anabranch.task.tracebacks import format_error
from anabranch.text import error_name, message_of
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON
from anabranch.worker.process_end import end_process
from anabranch.worker.reports import Reports, report_of
from anabranch.worker.snapshot_reports import SnapshotReports

logger = logging.getLogger(__name__)

_NO_TIMEOUT_MS = 30_000
_KEPT_LINES = 1000  # sent again to a master that has come back


class Worker:
    """Runs the tasks of one job in this process, from the master's first message to `Shutdown` or its end.

    Where a master can come back (JobSetup.reconnect_timeout_ms), the tasks keep running without one for a while.
    `reconnect` and `printed` may be called from any thread.
    """

    def __init__(self, worker_id: str, master: str, token: str) -> None:
        self._worker_id = worker_id
        self._token = token
        self._job: WorkerJob | None = None
        self._snapshot_reports: SnapshotReports | None = None  # where there are checkpoints
        self._reconnect_timeout = 0.0
        self._tasks: dict[int, Task] = {}
        self._stopped = threading.Event()
        # What is sent changes together with what a new master would be told; both under this lock.
        self._sending = threading.Condition()
        self._snapshots: dict[int, control.TaskSnapshot] = {}
        self._collected: dict[int, deque[control.CollectedBatch]] = {}  # not acknowledged yet
        self._last_lines: deque[control.PrintedLine] = deque(maxlen=_KEPT_LINES)
        self._printed_lines = 0
        self._last_checkpoints: dict[int, control.TaskCheckpoint] = {}  # by task, as far as they are not complete
        self._control = ControlClient(master, token)
        self._control.send(self._hello())

    def run(self) -> bool:
        """Works until the master says shutdown; returns False if the master went away without."""
        orderly = False
        while not orderly:
            current = self._control
            for message in current.messages():
                kind = message.WhichOneof("message")
                if kind == "shutdown":
                    orderly = True
                    break
                self._handle_or_fail(kind, message)
            if not orderly and not self._has_new_master(current):
                break
        self._stop()
        return orderly

    def reconnect(self, master: str) -> None:
        """Dials the master, which has come back at this address, and tells it what the tasks are doing."""
        with self._sending:
            old, self._control = self._control, ControlClient(master, self._token)
            self._control.send(self._hello())
            for batches in self._collected.values():
                for batch in batches:
                    self._control.send(control.WorkerMessage(collected=batch))
            for line in self._last_lines:
                self._control.send(control.WorkerMessage(printed=line))
            for taken in self._last_checkpoints.values():
                self._control.send(control.WorkerMessage(checkpoint=taken))
            self._sending.notify_all()
        old.disconnect()

    def printed(self, stream: str, line: str) -> None:
        """Passes a line that this process has printed on to the master, where there is no pipe to it."""
        thread = threading.current_thread()
        task = next((task.descriptor.name for task in list(self._tasks.values()) if task.thread is thread), "")
        with self._sending:
            self._printed_lines += 1
            printed = control.PrintedLine(seq=self._printed_lines, stream=stream, line=line, task=task)
            self._last_lines.append(printed)
            self._control.send(control.WorkerMessage(printed=printed))

    def _hello(self) -> control.WorkerMessage:
        hello = control.WorkerHello(
            worker_id=self._worker_id,
            language=LANGUAGE_PYTHON,
            pid=os.getpid(),
            host=socket.gethostname(),
            max_open_files=open_files.limit(),
            set_up=self._job is not None,
            tasks=self._snapshots.values(),
        )
        return control.WorkerMessage(hello=hello)

    def _has_new_master(self, lost: ControlClient) -> bool:
        """Waits, for a limited time, for the master to come back; returns whether it has."""
        with self._sending:
            return self._sending.wait_for(lambda: self._control is not lost, self._reconnect_timeout)

    def _send(self, message: control.WorkerMessage) -> None:
        with self._sending:
            self._control.send(message)

    # Called by tasks, on their threads: TaskReporter.

    def deployed(self, task: Task, endpoint: control.Endpoint | None) -> None:  # noqa: D102
        deployed = control.TaskDeployed(
            task_id=task.descriptor.task_id, incarnation=task.descriptor.incarnation, endpoint=endpoint
        )
        with self._sending:
            self._snapshots[deployed.task_id].deployed.CopyFrom(deployed)
            self._control.send(control.WorkerMessage(task_deployed=deployed))

    def entered(self, task: Task, state: TaskState, error: control.TaskError | None) -> None:  # noqa: D102
        try:
            if state is not TaskState.RUNNING:
                self._report()  # the last counters go before the last state
            self._send_status(task, state, error)
        except Exception as failure:  # noqa: BLE001 - the job would run on without the task
            self._fail(failure)

    def _send_status(self, task: Task, state: TaskState, error: control.TaskError | None) -> None:
        status = control.TaskStatus(
            task_id=task.descriptor.task_id,
            incarnation=task.descriptor.incarnation,
            state=state.value,
            error=error,
        )
        with self._sending:
            self._snapshots[status.task_id].status.CopyFrom(status)
            self._control.send(control.WorkerMessage(task_status=status))

    def collected(self, batch: control.CollectedBatch) -> None:  # noqa: D102
        with self._sending:
            self._collected.setdefault(batch.task_id, deque()).append(batch)
            self._control.send(control.WorkerMessage(collected=batch))

    def checkpoint(self, task: Task, snapshot: NewSnapshot) -> None:  # noqa: D102
        assert self._snapshot_reports is not None  # noqa: S101 - there are tasks
        ended = (TaskState.FAILED, TaskState.CANCELLED)
        self._snapshot_reports.take(task.descriptor, snapshot, lambda: task.state not in ended)

    def _send_checkpoint(self, taken: control.TaskCheckpoint) -> None:
        with self._sending:
            self._last_checkpoints[taken.task_id] = taken
            self._control.send(control.WorkerMessage(checkpoint=taken))

    def committed(self, task: Task, number: int) -> None:  # noqa: D102
        committed = control.TaskCommitted(task_id=task.descriptor.task_id, number=number)
        with self._sending:
            last = self._last_checkpoints.get(committed.task_id)
            if last is not None and last.snapshot.number <= number:
                del self._last_checkpoints[committed.task_id]
            self._control.send(control.WorkerMessage(committed=committed))

    # ------------------------------------------------------------------ what the master says

    def _handle_or_fail(self, kind: str | None, message: control.MasterMessage) -> None:
        try:
            self._handle(kind, message)
        except BaseException as error:  # noqa: BLE001 - loading a user's class may raise anything, SystemExit too
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        trace = format_error(error)
        logger.error("worker %s failed\n%s", self._worker_id, trace)
        failed = control.WorkerFailed(summary=message_of(error) or error_name(error), trace=trace)
        self._send(control.WorkerMessage(failed=failed))

    def _handle(self, kind: str | None, message: control.MasterMessage) -> None:
        if kind == "setup":
            self._set_up(message.setup)
        elif kind == "deploy_task":
            assert self._job is not None  # noqa: S101 - setup is the master's first message
            self._deploy(message.deploy_task, self._job)
        elif kind == "connect_task":
            self._connect(message.connect_task)
        elif kind == "cancel_tasks":
            self._cancel([self._tasks[task_id] for task_id in message.cancel_tasks.task_ids or self._tasks])
        elif kind == "collected_ack":
            self._acknowledge_collected(message.collected_ack.task_id, message.collected_ack.seq)
        elif kind in ("trigger_checkpoint", "checkpoint_completed"):
            self._pass_on(message)
        else:
            raise ValueError(f"the master sent a message of unknown kind {kind}")

    def _set_up(self, setup: control.JobSetup) -> None:
        self._job = WorkerJob.from_setup(setup, bytes.fromhex(self._token))
        if self._job.options.mode != "none":
            timeout = self._job.options.integer("anabranch.checkpoint.timeout-ms") / 1000
            files = self._job.state_files
            self._snapshot_reports = SnapshotReports(files, timeout, self._send_checkpoint, self._fail)
        self._reconnect_timeout = setup.reconnect_timeout_ms / 1000
        interval = self._job.options.integer("anabranch.report.interval-ms") / 1000
        silence = (self._job.options.integer("anabranch.heartbeat.timeout-ms") or _NO_TIMEOUT_MS) / 1000 / 4
        threading.Thread(target=self._report_regularly, args=(interval, silence), name="reports", daemon=True).start()

    def _connect(self, connect: control.ConnectTask) -> None:
        with self._sending:
            self._snapshots[connect.task_id].connected = True
        self._tasks[connect.task_id].connect(list(connect.producers))

    def _pass_on(self, message: control.MasterMessage) -> None:
        """Tells the tasks of a checkpoint."""
        for task in self._tasks.values():
            if message.HasField("checkpoint_completed"):
                task.complete_checkpoint(message.checkpoint_completed.number)
            elif task.descriptor.task_id in message.trigger_checkpoint.task_ids:
                task.trigger_checkpoint(message.trigger_checkpoint.number)

    def _deploy(self, descriptor: control.TaskDescriptor, job: WorkerJob) -> None:
        old = self._tasks.get(descriptor.task_id)
        if old is not None:
            if descriptor.incarnation <= old.descriptor.incarnation:
                return  # it has been overtaken
            self._cancel([old])
        task = Task(descriptor, job, self, predecessor=old)
        status = control.TaskStatus(
            task_id=descriptor.task_id, incarnation=descriptor.incarnation, state=TaskState.CREATED.value
        )
        with self._sending:
            self._snapshots[descriptor.task_id] = control.TaskSnapshot(status=status)
        self._tasks[descriptor.task_id] = task
        task.start()

    def _cancel(self, tasks: list[Task]) -> None:
        """Cancels tasks. A thread cannot be ended from outside, so one that keeps running takes the process with it."""
        for task in tasks:
            task.cancel()
        assert self._job is not None  # noqa: S101 - there are tasks
        timeout = self._job.options.integer("anabranch.cancel.timeout-ms") / 1000
        timer = threading.Timer(timeout, self._end_if_one_goes_on, (tasks, timeout))
        timer.daemon = True
        timer.start()

    def _end_if_one_goes_on(self, tasks: list[Task], timeout: float) -> None:
        late = next((task for task in tasks if task.thread.is_alive()), None)
        if late is None or self._stopped.is_set():
            return
        logger.error(
            "task %s did not stop within %d ms (anabranch.cancel.timeout-ms); it is at %s; the worker ends",
            late.descriptor.name,
            timeout * 1000,
            user_place(late.thread.ident) or "code of the engine",
        )
        end_process(1)

    def _acknowledge_collected(self, task_id: int, seq: int) -> None:
        with self._sending:
            batches = self._collected.get(task_id, deque())
            while batches and batches[0].seq <= seq:
                batches.popleft()
        task = self._tasks.get(task_id)
        if task is not None:  # else it is about to be deployed here, and this was meant for the one before it
            task.acknowledge_collected(seq)

    # ------------------------------------------------------------------ reports, and the end

    def _report_regularly(self, interval: float, silence: float) -> None:
        reports = Reports(silence)
        try:
            while not self._stopped.wait(interval):
                self._require_threads()
                report = reports.due(time.monotonic(), list(self._tasks.values()))
                if report is not None:
                    self._send(control.WorkerMessage(report=report))
        except Exception as error:  # noqa: BLE001 - the master would think that the worker hangs
            self._fail(error)

    def _require_threads(self) -> None:
        """Nobody else would notice a task whose thread has ended without a word."""
        for task in list(self._tasks.values()):
            has_ended = task.thread.ident is not None and not task.thread.is_alive()
            if has_ended and task.state in (TaskState.CREATED, TaskState.RUNNING):
                raise RuntimeError(f"the thread of task {task.descriptor.name} has ended without a report")

    def _report(self) -> None:
        report = report_of(time.monotonic(), list(self._tasks.values()))
        self._send(control.WorkerMessage(report=report))

    def _stop(self) -> None:
        """Cancels what still runs and gives it a moment; what does not stop ends with the process."""
        self._stopped.set()
        for task in self._tasks.values():
            task.cancel()
        deadline = time.monotonic() + 1.0
        for task in self._tasks.values():
            task.thread.join(max(0.0, deadline - time.monotonic()))
        self._control.close()
        self._control.disconnect()
