"""The worker: does what the job master says, reports what its tasks do."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import traceback

from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON
from anabranch.worker.control_client import ControlClient
from anabranch.worker.job import WorkerJob
from anabranch.worker.task import Task, TaskState
from anabranch.worker.task_errors import is_engine_file

logger = logging.getLogger(__name__)


class Worker:
    """Runs the tasks of one job in this process, from the master's first message to `Shutdown` or its end."""

    def __init__(self, worker_id: str, master: str, token: str) -> None:
        self._worker_id = worker_id
        self._token = token
        self._control = ControlClient(master, token)
        self._job: WorkerJob | None = None
        self._tasks: dict[int, Task] = {}
        self._stopped = threading.Event()

    def run(self) -> bool:
        """Works until the master says shutdown; returns False if the master went away without."""
        self._control.send(
            control.WorkerMessage(
                hello=control.WorkerHello(
                    worker_id=self._worker_id,
                    language=LANGUAGE_PYTHON,
                    pid=os.getpid(),
                    host=socket.gethostname(),
                )
            )
        )
        orderly = False
        for message in self._control.messages():
            kind = message.WhichOneof("message")
            if kind == "shutdown":
                orderly = True
                break
            try:
                self._handle(kind, message)
            except Exception as error:
                logger.exception("worker %s failed", self._worker_id)
                failed = control.WorkerFailed(summary=str(error), trace=traceback.format_exc())
                self._control.send(control.WorkerMessage(failed=failed))
        self._stop()
        return orderly

    # Called by tasks, on their threads: TaskReporter.

    def deployed(self, task: Task, endpoint: control.Endpoint | None) -> None:  # noqa: D102
        deployed = control.TaskDeployed(
            task_id=task.descriptor.task_id, incarnation=task.descriptor.incarnation, endpoint=endpoint
        )
        self._control.send(control.WorkerMessage(task_deployed=deployed))

    def entered(self, task: Task, state: TaskState, error: control.TaskError | None) -> None:  # noqa: D102
        if state is not TaskState.RUNNING:
            self._report()  # the last counters go before the last state
        status = control.TaskStatus(
            task_id=task.descriptor.task_id,
            incarnation=task.descriptor.incarnation,
            state=state.value,
            error=error,
        )
        self._control.send(control.WorkerMessage(task_status=status))

    def collected(self, batch: control.CollectedBatch) -> None:  # noqa: D102
        self._control.send(control.WorkerMessage(collected=batch))

    def _handle(self, kind: str | None, message: control.MasterMessage) -> None:
        if kind == "setup":
            self._job = WorkerJob.from_setup(message.setup, bytes.fromhex(self._token))
            interval = self._job.options.integer("anabranch.report.interval-ms") / 1000
            threading.Thread(target=self._report_regularly, args=(interval,), name="reports", daemon=True).start()
        elif kind == "deploy_task":
            assert self._job is not None  # noqa: S101 - setup is the master's first message
            task = Task(message.deploy_task, self._job, self)
            self._tasks[task.descriptor.task_id] = task
            task.start()
        elif kind == "connect_task":
            self._tasks[message.connect_task.task_id].connect(list(message.connect_task.producers))
        elif kind == "cancel_tasks":
            for task_id in message.cancel_tasks.task_ids or self._tasks:
                self._tasks[task_id].cancel()
        elif kind == "collected_ack":
            self._tasks[message.collected_ack.task_id].acknowledge_collected(message.collected_ack.seq)
        else:
            raise ValueError(f"the master sent a message of unknown kind {kind}")

    def _report_regularly(self, interval: float) -> None:
        while not self._stopped.wait(interval):
            self._report()

    def _report(self) -> None:
        report = control.WorkerReport(tasks=[_task_report(task) for task in list(self._tasks.values())])
        self._control.send(control.WorkerMessage(report=report))

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


def _task_report(task: Task) -> control.TaskReport:
    operators = [] if task.chain is None else task.chain.operators
    busy_since = task.busy_since
    return control.TaskReport(
        task_id=task.descriptor.task_id,
        operators=[
            control.OperatorCounters(
                operator_id=operator.operator_id,
                records_in=operator.records_in,
                records_out=operator.records_out,
            )
            for operator in operators
        ],
        busy_ms=0 if busy_since is None else max(1, int((time.monotonic() - busy_since) * 1000)),
        busy_at="" if busy_since is None else _where(task.thread.ident),
        queued_input_frames=task.input.waiting,
        queued_output_frames=task.output.queued_frames,
        backpressured=task.output.full,
    )


def _where(thread_id: int | None) -> str:
    """Returns "file:line in function" of the innermost frame of user code that a thread is in, or ""."""
    frame = sys._current_frames().get(thread_id or 0)  # noqa: SLF001 - the only way to look at another thread
    while frame is not None:
        code = frame.f_code
        if not is_engine_file(code.co_filename) and code.co_filename != threading.__file__:
            return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
        frame = frame.f_back
    return ""
