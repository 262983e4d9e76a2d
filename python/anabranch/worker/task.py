"""The task: one loop on one thread, in which everything happens between two batches."""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from anabranch.api.functions import PartitionFunction
from anabranch.errors import RecordError
from anabranch.exchange.acceptor import Acceptor
from anabranch.exchange.frames import Frame
from anabranch.exchange.input_gate import ConsumerIdentity, InputChannel, InputGate
from anabranch.exchange.output_channel import OutputChannel
from anabranch.exchange.output_gate import EmitError, OutputEdge, OutputGate
from anabranch.exchange.partitioners import ByKey, Custom, Partitioner, Rebalance, Single
from anabranch.exchange.reactor import Reactor, TaskCancelled
from anabranch.records import Decoder, Encoder
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as graph
from anabranch.v1.record_pb2 import FrameHeader
from anabranch.worker.chain import OperatorChain, build_chain
from anabranch.worker.functions import UserFunction
from anabranch.worker.job import WorkerJob
from anabranch.worker.operators.operator import Emit, OperatorError
from anabranch.worker.operators.source import SourceOperator
from anabranch.worker.stdio import finish_lines
from anabranch.worker.task_errors import task_error

logger = logging.getLogger(__name__)

_FRAMES_BETWEEN_POLLS = 16
_LONGEST_IDLE_WAIT = 0.01


class TaskState(enum.Enum):
    """Life of a task.

    CREATED ----> RUNNING ----> FINISHED
       |             |--------> FAILED
       '-------------'--------> CANCELLED
    (CREATED may also become FAILED.)
    """

    CREATED = control.TASK_STATE_CREATED
    RUNNING = control.TASK_STATE_RUNNING
    FINISHED = control.TASK_STATE_FINISHED
    FAILED = control.TASK_STATE_FAILED
    CANCELLED = control.TASK_STATE_CANCELLED

    def may_become(self, other: TaskState) -> bool:
        """Returns whether the transition is legal."""
        return other in _TRANSITIONS[self]


_TRANSITIONS = {
    TaskState.CREATED: {TaskState.RUNNING, TaskState.FAILED, TaskState.CANCELLED},
    TaskState.RUNNING: {TaskState.FINISHED, TaskState.FAILED, TaskState.CANCELLED},
    TaskState.FINISHED: set[TaskState](),
    TaskState.FAILED: set[TaskState](),
    TaskState.CANCELLED: set[TaskState](),
}


class TaskReporter(Protocol):
    """Where a task reports to. Called on the task's thread."""

    def deployed(self, task: Task, endpoint: control.Endpoint | None) -> None:
        """The task listens and waits to be connected."""

    def entered(self, task: Task, state: TaskState, error: control.TaskError | None) -> None:
        """The task has entered a state."""

    def collected(self, batch: control.CollectedBatch) -> None:
        """The task has a batch for the client."""


class _InputEdge:
    """How to read one input edge: its decoder, and the operator that takes its batches."""

    def __init__(self, edge: control.InputEdge, job: WorkerJob, entry: Emit) -> None:
        self.producer = edge.producer_name
        self.entry = entry
        self.decoder = Decoder(edge.producer_language, job.types)
        self.records = 0


class Task:
    """A chain of operators at one parallel index.

    `start`, `connect`, `cancel`, `acknowledge_collected` and the attributes that reports are made of may be
    used from any thread.
    """

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, reporter: TaskReporter) -> None:
        self.descriptor = descriptor
        self.state = TaskState.CREATED
        self.busy_since: float | None = None
        self.chain: OperatorChain | None = None
        self._job = job
        self._reporter = reporter
        self._reactor = Reactor()
        self._acceptors: list[Acceptor] = []
        self._input_edges: dict[int, _InputEdge] = {}
        self._collected_seq = 0
        self._collected_acknowledged = 0
        self._connected = not descriptor.inputs
        self.input = self._build_input()
        self.output = OutputGate([])
        self.thread = threading.Thread(target=self._run, name=f"task-{descriptor.task_id}", daemon=True)

    def start(self) -> None:
        """Starts the task's thread, which reports the task as deployed and waits for `connect`."""
        self.thread.start()

    def connect(self, producers: list[control.ConnectTask.Producer]) -> None:
        """Has the task dial these producers, and run once it is connected to all of its own."""

        def dial() -> None:
            self._connected = True
            for producer in producers:
                self.input.connect(producer.channel, producer.endpoint, producer.incarnation)

        self._reactor.post(dial)

    def cancel(self) -> None:
        """Makes the task stop at the end of the batch at hand."""
        self._reactor.cancel()

    def acknowledge_collected(self, seq: int) -> None:
        """Says that the client has batches up to `seq`."""
        self._collected_acknowledged = max(self._collected_acknowledged, seq)
        self._reactor.wake()

    @property
    def _head_name(self) -> str:
        return self.descriptor.chain[0].name

    # ------------------------------------------------------------------ life

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._run_to_end()
        except BaseException as raised:  # noqa: BLE001 - user code may raise anything, SystemExit too
            error = raised
        error = self._close(error)
        finish_lines()
        if error is None:
            self._enter(TaskState.FINISHED)
        elif isinstance(error, TaskCancelled):
            self._enter(TaskState.CANCELLED)
        else:
            report = task_error(error, operator=self._blame(error), subtask=self.descriptor.subtask)
            self._enter(TaskState.FAILED, report)

    def _run_to_end(self) -> None:
        self.output = self._build_output()
        self.chain = build_chain(self.descriptor, self._job, self._send_collected, self._emit_to(self.output))
        for edge in self.descriptor.inputs:
            self._input_edges[edge.edge_id] = _InputEdge(edge, self._job, self.chain.entry(edge.edge_id))
        self._reporter.deployed(self, self._listen())
        # Consumers are waited for too: user code may block for long, and nobody is let in meanwhile.
        while not (self._connected and self.input.connected and self.output.connected):
            self._reactor.poll(None)
            self._reactor.run_posted()
        self.chain.open()
        self._enter(TaskState.RUNNING)
        if self.chain.source is not None:
            self._run_source(self.chain.source)
        else:
            self._run_input()
        self.chain.finish()
        self.chain.close()
        self.output.end()
        self._wait_until(lambda: self.output.finished)

    def _close(self, error: BaseException | None) -> BaseException | None:
        """Releases everything; returns the error that the task ends with."""
        self.busy_since = None
        if self.chain is not None:
            try:
                self.chain.close()
            except OperatorError as failure:
                error = failure if error is None or isinstance(error, TaskCancelled) else error
        for acceptor in self._acceptors:
            acceptor.close()
        self.input.close()
        self.output.close()
        self._reactor.close()
        return error

    def _enter(self, state: TaskState, error: control.TaskError | None = None) -> None:
        assert self.state.may_become(state), f"{self.state} -> {state}"  # noqa: S101 - a mistake of ours
        self.state = state
        self._reporter.entered(self, state, error)

    def _blame(self, error: BaseException) -> str:
        """Returns the operator to name for an error that names none: the last for its output, else the first."""
        return self.descriptor.chain[-1 if isinstance(error, EmitError) else 0].name

    # ------------------------------------------------------------------ loop

    def _run_input(self) -> None:
        frames = 0
        while not self.input.ended:
            self._reactor.run_posted()
            if self.output.full:
                self._wait_until(lambda: not self.output.full)
            received = self.input.next_frame()
            if received is None:
                self.output.flush()
                self._reactor.poll(None)
                continue
            self._handle(*received)
            frames += 1
            if frames % _FRAMES_BETWEEN_POLLS == 0:  # consumers come, writes go on, also under full load
                self._reactor.poll(0)

    def _run_source(self, source: SourceOperator) -> None:
        idle_wait = 0.0
        while not source.ended:
            self._reactor.run_posted()
            if self.output.full:
                self._wait_until(lambda: not self.output.full)
            self.busy_since = time.monotonic()
            produced = source.fetch()
            self.busy_since = None
            self.output.flush()
            idle_wait = 0.0 if produced else min(_LONGEST_IDLE_WAIT, idle_wait * 2 + 0.0001)
            self._reactor.poll(idle_wait)

    def _handle(self, channel: InputChannel, frame: Frame) -> None:
        header = frame.header
        control_kind = header.WhichOneof("control")
        if control_kind == "end_of_input":
            self.input.end(channel)
            return
        if control_kind is not None:
            raise NotImplementedError(f"frame of kind {control_kind}")
        edge = self._input_edges[channel.edge]
        n = header.n_records
        try:
            records = edge.decoder.decode(frame.payload, 2 * n if header.has_keys else n, header.schemas)
        except RecordError as error:
            position = edge.records + max(0, error.index)
            raise OperatorError(self._head_name, position, f"from operator {edge.producer}") from error
        edge.records += n
        self.busy_since = time.monotonic()
        if header.has_keys:
            edge.entry(records[n:], records[:n])
        else:
            edge.entry(records, None)
        self.busy_since = None

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Handles output, and nothing else, until the condition holds."""
        self.input.pause()
        self._reactor.poll_until(condition)

    def _send_collected(self, operator_id: int, header: FrameHeader, payload: bytes) -> None:
        self._collected_seq += 1
        batch = control.CollectedBatch(
            task_id=self.descriptor.task_id,
            operator_id=operator_id,
            seq=self._collected_seq,
            n_records=header.n_records,
            header=header.SerializeToString(),
            payload=payload,
        )
        self._reporter.collected(batch)
        window = self._job.options.integer("anabranch.collect.window-frames")
        self._wait_until(lambda: self._collected_seq - self._collected_acknowledged <= window)

    # ------------------------------------------------------------------ building

    def _build_input(self) -> InputGate:
        job = self._job
        identity = ConsumerIdentity(job.job_id, job.token, self.descriptor.incarnation)
        channels = [
            InputChannel(channel.channel, edge.edge_id, job.limits.max_frame_bytes)
            for edge in self.descriptor.inputs
            for channel in edge.channels
        ]
        return InputGate(self._reactor, job.transport, identity, channels)

    def _build_output(self) -> OutputGate:
        incarnation = self.descriptor.incarnation
        edges = []
        for edge in self.descriptor.outputs:
            channels = [OutputChannel(channel.channel, self._reactor, incarnation) for channel in edge.channels]
            edges.append(
                OutputEdge(
                    edge.edge_id,
                    channels,
                    self._partitioner(edge),
                    Encoder(edge.consumer_language, self._job.types),
                    broadcast=edge.partitioning.kind == graph.Partitioning.KIND_BROADCAST,
                    carries_keys=edge.carries_keys,
                    consumer=edge.consumer_name,
                    limits=self._job.limits,
                    wait_until=self._wait_until,
                )
            )
        return OutputGate(edges)

    def _partitioner(self, edge: control.OutputEdge) -> Partitioner:
        kind, n = edge.partitioning.kind, len(edge.channels)
        if kind == graph.Partitioning.KIND_CUSTOM:
            return Custom(n, UserFunction(edge.partitioning.function, PartitionFunction).call)
        if n == 1 or kind in (graph.Partitioning.KIND_FORWARD, graph.Partitioning.KIND_BROADCAST):
            return Single()
        if kind == graph.Partitioning.KIND_KEY:
            return ByKey(n, self.descriptor.max_parallelism, self._job.types)
        return Rebalance(n, first=self.descriptor.subtask)

    def _listen(self) -> control.Endpoint | None:
        if not self.descriptor.outputs:
            return None
        name = f"t{self.descriptor.task_id}-{self.descriptor.incarnation}"
        listeners, endpoint = self._job.transport.listen(name)
        self._acceptors = [
            Acceptor(
                self._reactor,
                listener,
                self._job.transport,
                token=self._job.token,
                timeout=self._job.options.integer("anabranch.exchange.handshake-timeout-ms") / 1000,
                admit=self.output.admit,
            )
            for listener in listeners
        ]
        return endpoint

    @staticmethod
    def _emit_to(output: OutputGate) -> Emit:
        if len(output.edges) == 1:
            return output.edges[0].emit

        def emit_to_all(values: Sequence[Any], keys: Sequence[Any] | None) -> None:
            for edge in output.edges:
                edge.emit(values, keys)

        return emit_to_all
