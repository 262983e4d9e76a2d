"""The task: one thread with a life of its own. What it works with is its `Work`, how it recovers its `Run`."""

from __future__ import annotations

import threading
from typing import Protocol

from anabranch import forks
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.exchange.event_loop import EventLoop, TaskCancelled
from anabranch.exchange.output.edge_writer import EmitError
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.operators.job import WorkerJob
from anabranch.operators.operator import OperatorError
from anabranch.task import builder
from anabranch.task.busy_watch import BusyWatch
from anabranch.task.errors import task_error
from anabranch.task.lifecycle import TaskState
from anabranch.task.runs.at_least_once import AtLeastOnceRun
from anabranch.task.runs.exactly_once import ExactlyOnceRun
from anabranch.task.runs.plain import PlainRun
from anabranch.task.stdio import finish_lines
from anabranch.task.work import Work
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import FrameHeader

# The batches that an incarnation collects are numbered below 2 to this power, so that those of the next are greater.
_COLLECTED_BITS = 40

_RUNS: dict[str, type[PlainRun | AtLeastOnceRun | ExactlyOnceRun]] = {
    "none": PlainRun,
    "at_least_once": AtLeastOnceRun,
    "exactly_once": ExactlyOnceRun,
}


class TaskReporter(Protocol):
    """Where a task reports to. Called on the task's thread."""

    def deployed(self, task: Task, endpoint: control.Endpoint | None) -> None:
        """The task listens and waits to be connected."""

    def entered(self, task: Task, state: TaskState, error: control.TaskError | None) -> None:
        """The task has entered a state."""

    def collected(self, batch: control.CollectedBatch) -> None:
        """The task has a batch for the client."""

    def checkpoint(self, task: Task, snapshot: NewSnapshot) -> None:
        """The task has taken its part of a checkpoint."""

    def committed(self, task: Task, number: int) -> None:
        """The sinks of the task have committed what belongs to a checkpoint."""


class Task:
    """A chain of operators at one parallel index.

    `start`, `connect`, `cancel`, `acknowledge_collected` and the attributes that reports are made of may be
    used from any thread.

    Attributes:
        state: Where in its life it is.
        work: What it works with, once that is built.
        busy: Looks at how long a batch takes.
    """

    def __init__(
        self,
        descriptor: control.TaskDescriptor,
        job: WorkerJob,
        reporter: TaskReporter,
        *,
        predecessor: Task | None = None,
    ) -> None:
        """Makes a task that has not started.

        Args:
            descriptor: The task.
            job: The job.
            reporter: Where it reports to.
            predecessor: The incarnation before, in this process: it has to end first.
        """
        self.descriptor = descriptor
        self.state = TaskState.CREATED
        self.work: Work | None = None
        self.busy = BusyWatch(job.options.integer("anabranch.stall.warn-ms") / 1000)
        self._job = job
        self._reporter = reporter
        self._predecessor = predecessor
        self._event_loop = EventLoop()
        self._run = _RUNS[job.options.mode](descriptor, job, self._event_loop)
        self._acceptors: list[Acceptor] = []
        # Greater than those of the incarnations before.
        self._collected_seq = self._collected_acknowledged = descriptor.incarnation << _COLLECTED_BITS
        self._connected = not descriptor.inputs
        self._to_dial: list[control.ConnectTask.Producer] = []
        self.thread = threading.Thread(target=self._live, name=f"task-{descriptor.task_id}", daemon=True)

    # ------------------------------------------------------------------ from any thread

    def start(self) -> None:
        """Starts the task's thread, which reports the task as deployed and waits for `connect`."""
        self.thread.start()

    def connect(self, producers: list[control.ConnectTask.Producer]) -> None:
        """Has the task dial these producers, and run once it is connected to all of its own."""

        def connect() -> None:
            self._connected = True
            self._to_dial += producers
            if self.work is not None:
                self._dial(self.work)

        # Also while the task waits for room: the room may come from a consumer that waits for this very connection.
        self._event_loop.post_io(connect)

    def trigger_checkpoint(self, number: int) -> None:
        """Has the task take a checkpoint without a barrier; harmless if it has taken it already.

        For a source, which takes it between two fetches, and for a task that no barrier reaches any more because all
        that is upstream of it has ended.
        """
        self._event_loop.post(lambda: self._run.trigger(number))

    def complete_checkpoint(self, number: int) -> None:
        """Says that everybody's part of a checkpoint is safe."""
        self._run.complete(number)

    def cancel(self) -> None:
        """Makes the task stop soon, also in the middle of a batch; the record at hand is finished."""
        self._event_loop.cancel()

    def acknowledge_collected(self, seq: int) -> None:
        """Says that the client has batches up to `seq`."""
        self._collected_acknowledged = max(self._collected_acknowledged, seq)
        self._event_loop.wake()

    @property
    def log_bytes(self) -> int:
        """Memory that determinant logs take, about."""
        return self._run.log_bytes

    # ------------------------------------------------------------------ what its run reports

    def enter(self, state: TaskState) -> None:
        """Enters a state and reports it."""
        assert self.state.may_become(state), f"{self.state} -> {state}"  # noqa: S101 - a mistake of ours
        self.state = state
        self._reporter.entered(self, state, None)

    def report_snapshot(self, snapshot: NewSnapshot) -> None:
        """Reports the task's part of a checkpoint."""
        self._reporter.checkpoint(self, snapshot)

    def report_committed(self, number: int) -> None:
        """Reports that the sinks have committed what belongs to a checkpoint."""
        self._reporter.committed(self, number)

    # ------------------------------------------------------------------ life

    def _live(self) -> None:
        error: BaseException | None = None
        try:
            self._run_to_end()
        except BaseException as raised:  # noqa: BLE001 - user code may raise anything, SystemExit too
            error = raised
        if forks.in_child:
            forks.end_child(error.__cause__ if isinstance(error, OperatorError) else error)
        try:
            self._end(error)
        except BaseException as raised:  # noqa: BLE001 - whatever it is, the master must not wait for this task for ever
            if self.state is not TaskState.FAILED:
                self._fail(raised if error is None or isinstance(error, TaskCancelled) else error)

    def _run_to_end(self) -> None:
        if self._predecessor is not None:
            self._predecessor.thread.join()  # a process in which it does not end by the cancel timeout is ended
            self._predecessor = None
        run = self._run
        work = self.work = Work(
            self.descriptor,
            self._job,
            self._event_loop,
            input_channel=run.input_channel,
            output_channel=run.output_channel,
            aligner=run.aligner,
            answers=run.answers,
            send_collected=self._send_collected,
        )
        self._acceptors, endpoint = builder.listen(self.descriptor, self._job, self._event_loop, work.output)
        self._reporter.deployed(self, endpoint)
        run.reach("recovery.deployed")
        # Consumers are waited for too: user code may block for long, and nobody is let in meanwhile.
        while not (self._connected and work.input.connected and work.output.connected):
            work.serve()
            self._dial(work)
        run.begin(work, self)
        run.run()

    def _dial(self, work: Work) -> None:
        if self._run.may_dial(work.output):
            self._run.reach("recovery.consumers")
            producers, self._to_dial = self._to_dial, []
            for producer in producers:
                work.input.connect(producer.channel, producer.endpoint, producer.incarnation)

    def _end(self, error: BaseException | None) -> None:
        """Closes everything and tells the master how the task has ended."""
        if error is not None and not isinstance(error, TaskCancelled):
            self._fail(error)  # before anything is closed: a close that hangs must not hide why the task has failed
        try:
            self._run.commit_completed()  # a complete checkpoint is committed, whatever comes after it
            failure = self._close()
        except OperatorError as uncommitted:
            self._close()
            failure = uncommitted
        finish_lines()
        if self.state is TaskState.FAILED or (self.state is TaskState.FINISHED and failure is None):
            return  # as it is known already; a finished task has only been there for others
        if failure is not None:
            self._fail(failure)
        else:
            self.enter(TaskState.FINISHED if error is None else TaskState.CANCELLED)

    def _fail(self, error: BaseException) -> None:
        report = task_error(error, operator=self._blame(error), subtask=self.descriptor.subtask)
        self._reporter.entered(self, TaskState.FAILED, report)
        self.state = TaskState.FAILED

    def _blame(self, error: BaseException) -> str:
        """Returns the operator to name for an error that names none: the last for its output, else the first."""
        return self.descriptor.chain[-1 if isinstance(error, EmitError) else 0].name

    def _close(self) -> OperatorError | None:
        """Releases everything; returns how a function has failed at that."""
        failure = None
        if self.work is not None:
            self.work.busy_since = None
            try:
                with self._run.quietly():
                    self.work.chain.close()
            except OperatorError as error:
                failure = error
        for acceptor in self._acceptors:
            acceptor.close()
        if self.work is not None:
            self.work.close()
        self._event_loop.close()
        return failure

    # ------------------------------------------------------------------ what is collected for the client

    def _send_collected(self, operator_id: int, header: FrameHeader, payload: bytes) -> None:
        assert self.work is not None  # noqa: S101 - one of its operators has called
        self._collected_seq += 1
        batch = control.CollectedBatch(
            task_id=self.descriptor.task_id,
            operator_id=operator_id,
            seq=self._collected_seq,
            n_records=header.n_records,
            header=header.SerializeToString(),
            payload=payload,
            incarnation=self.descriptor.incarnation,
            epoch=self._run.epoch,
        )
        self._reporter.collected(batch)
        window = self._job.options.integer("anabranch.collect.window-frames")
        self.work.wait_until(lambda: self._collected_seq - self._collected_acknowledged <= window)
