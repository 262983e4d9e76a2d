"""The task: one loop on one thread, in which everything happens between two batches."""

from __future__ import annotations

import contextlib
import enum
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from anabranch import faults, forks
from anabranch.api.functions import PartitionFunction
from anabranch.api.runtime_context import LiveAnswers
from anabranch.checkpoint.numbers import FINAL
from anabranch.exchange.event_loop import Reactor, TaskCancelled
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.decoding import EdgeDecoder
from anabranch.exchange.input.events import Barrier, InputEvent, Records
from anabranch.exchange.input.gate import ConsumerIdentity, InputChannel, InputGate
from anabranch.exchange.input.reader import EventReader
from anabranch.exchange.output.channel import OutputChannel
from anabranch.exchange.output.gate import EmitError, OutgoingChannel, OutputEdge, OutputGate
from anabranch.exchange.output.partitioners import ByKey, Custom, Partitioner, Rebalance, Single
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.exchange.wire.handshake import ProducerHandshakes
from anabranch.operators import partition
from anabranch.operators.chain import OperatorChain, build_chain
from anabranch.operators.dead_letters import DeadLetters
from anabranch.operators.functions import UserFunction
from anabranch.operators.job import WorkerJob
from anabranch.operators.operator import Emit, OperatorError
from anabranch.operators.source import SourceOperator
from anabranch.records import Decoder, Encoder
from anabranch.task.at_least_once import AtLeastOnce
from anabranch.task.busy_watch import BusyWatch
from anabranch.task.errors import task_error
from anabranch.task.idle_pause import IdlePause
from anabranch.task.pace import Pace
from anabranch.task.recovery import TaskRecovery
from anabranch.task.stdio import finish_lines
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as graph
from anabranch.v1.record_pb2 import FrameHeader

logger = logging.getLogger(__name__)

# In the middle of a batch: so long sockets are left alone, and what was emitted may wait to make a full frame.
_POLL_INTERVAL = 0.01
_FLUSH_INTERVAL = 0.1
_MOST_BYTES_AHEAD = 64 << 20  # that a checkpoint without a barrier reads ahead
_REPLAY_WAIT = 0.1  # for one channel, before more is asked of all
_MAX_BATCHES_BITS = 40  # of an incarnation, that it collects


class TaskState(enum.Enum):
    """Life of a task.

    CREATED ----> RUNNING ----> FINISHED
       |             |--------> FAILED
       '-------------'--------> CANCELLED
    (CREATED may also become FAILED, and with recovery FINISHED too: the last commit may go wrong.)
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
    TaskState.FINISHED: {TaskState.FAILED},
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

    def checkpoint(self, task: Task, snapshot: control.Snapshot) -> None:
        """The task has taken its part of a checkpoint."""

    def committed(self, task: Task, number: int) -> None:
        """The sinks of the task have committed what belongs to a checkpoint."""


class Task:
    """A chain of operators at one parallel index.

    `start`, `connect`, `cancel`, `acknowledge_collected` and the attributes that reports are made of may be
    used from any thread.
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
        self.busy_since: float | None = None
        self.busy = BusyWatch(job.options.integer("anabranch.stall.warn-ms") / 1000)
        self.chain: OperatorChain | None = None
        self._job = job
        self._reporter = reporter
        self._predecessor = predecessor
        self._reactor = Reactor()
        self._acceptors: list[Acceptor] = []
        self._entries: dict[int, Emit] = {}  # by input edge, what takes its records
        # Greater than those of the incarnations before.
        self._collected_seq = self._collected_acknowledged = descriptor.incarnation << _MAX_BATCHES_BITS
        self._partition_functions: dict[int, UserFunction] = {}  # by edge
        self._connected = not descriptor.inputs
        self._restored = False
        self._completed: deque[int] = deque()  # checkpoints whose commits are still to be made
        self._to_dial: list[control.ConnectTask.Producer] = []
        self._recovery = self._build_recovery()
        self._origin = (0, 0)  # of the batch at hand: its channel, and how many records came before on it
        self._flushed_at = 0.0
        self._pace = Pace()
        self.input = self._build_input()
        self._reader = EventReader(self.input, {}, None)
        self.output = OutputGate([])
        self.thread = threading.Thread(target=self._run, name=f"task-{descriptor.task_id}", daemon=True)

    def start(self) -> None:
        """Starts the task's thread, which reports the task as deployed and waits for `connect`."""
        self.thread.start()

    def connect(self, producers: list[control.ConnectTask.Producer]) -> None:
        """Has the task dial these producers, and run once it is connected to all of its own."""

        def connect() -> None:
            self._connected = True
            self._to_dial += producers
            self._dial()

        # Also while the task waits for room: the room may come from a consumer that waits for this very connection.
        self._reactor.post_io(connect)

    def trigger_checkpoint(self, number: int) -> None:
        """Has the task take a checkpoint without a barrier; harmless if it has taken it already.

        For a source, which takes it between two fetches, and for a task that no barrier reaches any more because all
        that is upstream of it has ended.
        """
        assert self._recovery is not None  # noqa: S101 - only then there are checkpoints
        recovery = self._recovery

        def trigger() -> None:
            recovery.trigger = number

        self._reactor.post(trigger)

    def complete_checkpoint(self, number: int) -> None:
        """Says that everybody's part of a checkpoint is safe."""
        self._completed.append(number)
        self._reactor.post(self._commit_completed)

    def _commit_completed(self) -> None:
        """Commits what belongs to complete checkpoints; not before the transactions of earlier lives are known."""
        while self._restored and self._completed:
            number = self._completed.popleft()
            assert self._recovery is not None and self.chain is not None  # noqa: S101, PT018 - it was restored
            with self._recovery.answers.quietly():
                self.chain.commit(number)
                if number == FINAL:
                    self.chain.close()
            self._recovery.drop_before(number)
            self._reporter.committed(self, number)

    def cancel(self) -> None:
        """Makes the task stop soon, also in the middle of a batch; the record at hand is finished."""
        self._reactor.cancel()

    def acknowledge_collected(self, seq: int) -> None:
        """Says that the client has batches up to `seq`."""
        self._collected_acknowledged = max(self._collected_acknowledged, seq)
        self._reactor.wake()

    def _dial(self) -> None:
        # What the consumers of a new incarnation hold has to go with its own requests: they come first.
        new = self._recovery is not None and self._recovery.is_new_incarnation
        if not new or self.output.connected:
            self._reach("recovery.consumers")
            producers, self._to_dial = self._to_dial, []
            for producer in producers:
                self.input.connect(producer.channel, producer.endpoint, producer.incarnation)

    def _emitted(self) -> int:
        return 0 if self.chain is None else self.chain.operators[-1].records_out

    @property
    def log_bytes(self) -> int:
        """Memory that determinant logs take, about."""
        return 0 if self._recovery is None else self._recovery.log_bytes

    # ------------------------------------------------------------------ life

    def _run(self) -> None:
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

    def _end(self, error: BaseException | None) -> None:
        """Closes everything and tells the master how the task has ended."""
        if error is not None and not isinstance(error, TaskCancelled):
            self._fail(error)  # before anything is closed: a close that hangs must not hide why the task has failed
        try:
            self._commit_completed()  # a complete checkpoint is committed, whatever comes after it
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
            self._enter(TaskState.FINISHED if error is None else TaskState.CANCELLED)

    def _fail(self, error: BaseException) -> None:
        report = task_error(error, operator=self._blame(error), subtask=self.descriptor.subtask)
        self._reporter.entered(self, TaskState.FAILED, report)
        self.state = TaskState.FAILED

    def _run_to_end(self) -> None:
        if self._predecessor is not None:
            self._predecessor.thread.join()  # a process in which it does not end by the cancel timeout is ended
            self._predecessor = None
        self.output = self._build_output()
        self.chain = self._build_chain()
        self._entries = {edge.edge_id: self.chain.entry(edge.edge_id) for edge in self.descriptor.inputs}
        self._reader = self._build_reader(self.chain)
        self._reporter.deployed(self, self._listen())
        self._reach("recovery.deployed")
        # Consumers are waited for too: user code may block for long, and nobody is let in meanwhile.
        while not (self._connected and self.input.connected and self.output.connected):
            self._reactor.poll(None)
            self._reactor.run_posted()
            self._dial()
        if self._recovery is not None:
            self._run_with_recovery(self._recovery, self.chain)
            return
        self.chain.open()
        self.chain.start()
        self._enter(TaskState.RUNNING)
        if self.chain.source is not None:
            self._run_source(self.chain.source)
        else:
            self._run_input()
        self.chain.end(None)
        self.output.end()
        self._wait_until(lambda: self.output.finished)

    def _close(self) -> OperatorError | None:
        """Releases everything; returns how a function has failed at that."""
        self.busy_since = None
        failure = None
        if self.chain is not None:
            try:
                with contextlib.nullcontext() if self._recovery is None else self._recovery.answers.quietly():
                    self.chain.close()
            except OperatorError as error:
                failure = error
        for acceptor in self._acceptors:
            acceptor.close()
        self.input.close()
        self.output.close()
        self._reactor.close()
        return failure

    def _enter(self, state: TaskState) -> None:
        assert self.state.may_become(state), f"{self.state} -> {state}"  # noqa: S101 - a mistake of ours
        self.state = state
        self._reporter.entered(self, state, None)

    def _blame(self, error: BaseException) -> str:
        """Returns the operator to name for an error that names none: the last for its output, else the first."""
        return self.descriptor.chain[-1 if isinstance(error, EmitError) else 0].name

    # ------------------------------------------------------------------ loop

    def _run_input(self) -> None:
        while not self.input.ended:
            self._reactor.run_posted()
            if self.output.full:
                self._wait_until(lambda: not self.output.full)
            event = self._reader.next()
            if event is None:
                self._send_and_wait_for_input()
            elif isinstance(event, Records):
                self._handle(event)

    def _run_source(self, source: SourceOperator) -> None:
        pause = IdlePause()
        produced = False
        while not source.ended:
            self._reactor.run_posted()
            if produced and self.output.full:
                self._wait_until(lambda: not self.output.full)
            self.busy_since = began = time.monotonic()
            produced = source.fetch()
            self.busy_since = None
            if produced:  # there may be many channels to look at
                self.output.flush()
            ended = time.monotonic()
            source.learn(ended - began)
            self._reactor.poll(pause.after(began, ended, produced=produced))

    def _handle(self, records: Records) -> None:
        self._origin = (records.channel, records.first)
        self.busy_since = time.monotonic()
        self._entries[records.edge](records.values, records.keys)
        self.busy_since = None

    # ------------------------------------------------------------------ with recovery, see docs/design/006

    def _run_with_recovery(self, recovery: TaskRecovery, chain: OperatorChain) -> None:
        restore = self.descriptor.restore
        self._reach("recovery.connected")
        recovery.begin_replay()
        # Before a checkpoint, `open` belongs to what is repeated; after it, all of this is done anew.
        with recovery.answers.quietly() if restore.number else contextlib.nullcontext():
            chain.open()
            chain.restore(restore, self._job.types)
            if restore.number:
                recovery.restored()
            self.output.restore(restore.next_of_edge)
            self._reader.restore(restore.unread)
            chain.commit(restore.number)
            self._restored = True
            if restore.number != FINAL:
                chain.start()
        self._reach("recovery.restored")
        self._commit_completed()
        if not recovery.replaying:
            self._enter(TaskState.RUNNING)
        if restore.number != FINAL:
            if chain.source is not None:
                self._run_logged_source(recovery, chain.source)
            else:
                self._run_logged_input(recovery)
            operators, of_edges = chain.end(self._job.types)
            recovery.check_finished()
            self.output.end()
            recovery.check_caught_up()
            self._reporter.checkpoint(self, recovery.snapshot(FINAL, operators, of_edges, self.output.next_of_edge))
            faults.reach("end.checkpoint")
        else:
            self._reporter.checkpoint(self, restore)
        if self.state is TaskState.CREATED:
            self._enter(TaskState.RUNNING)
        # What is restored from behind its end has nothing to send: its consumers have had it all.
        while restore.number != FINAL and not self.output.finished:
            self._reactor.poll(None)
            self._reactor.run_posted()
        self._enter(TaskState.FINISHED)
        faults.reach("end.finished")
        while True:  # others may need what we have sent, until the job has ended
            self._reactor.poll(None)
            self._reactor.run_posted()

    def _run_logged_input(self, recovery: TaskRecovery) -> None:
        while not self.input.ended:
            self._reactor.run_posted()
            self._take_triggered(recovery)
            if self.output.full:
                self._wait_until(lambda: not self.output.full)
            if recovery.replaying:
                if not self._repeat_input(recovery):
                    self.input.demand_more()
                    self._send_and_wait_for_input(_REPLAY_WAIT)
            elif not self._take_input(recovery):
                self._send_and_wait_for_input()

    def _reach(self, place: str) -> None:
        if self._recovery is not None and self._recovery.is_new_incarnation:
            faults.reach(place)

    def _take_input(self, recovery: TaskRecovery) -> bool:
        """Handles what comes next, from whatever channel; returns False if there is nothing."""
        event = self._reader.next()
        if event is None:
            return False
        recovery.took(event.channel, len(event.values) if isinstance(event, Records) else 0)
        self._handle_event(recovery, event)
        return True

    def _repeat_input(self, recovery: TaskRecovery) -> bool:
        """Handles what came next before the failure; returns False if it has not come yet.

        Raises:
            NondeterminismError: The input is not what it was.
        """
        entry = recovery.next_entry()
        if entry is None:
            self.output.flush()
            recovery.check_caught_up()
            self._enter(TaskState.RUNNING)
            self._reach("recovery.live")
            return True
        self._reach("recovery.replaying")
        if entry.WhichOneof("kind") == "checkpoint":
            return self._checkpoint_without_barrier(recovery, entry.checkpoint.number, None)
        if entry.WhichOneof("kind") != "order":
            raise recovery.mismatch("an input")
        wanted, handled = entry.order.records, 0
        while not handled or handled < wanted:
            event = self._await_event_of(entry.order.channel, wanted - handled)
            is_records = isinstance(event, Records)
            if is_records != (wanted > 0):
                raise recovery.mismatch("records" if is_records else "a control frame")
            if not handled:
                recovery.took(event.channel, wanted)
            handled += len(event.values) if isinstance(event, Records) else 1
            self._handle_event(recovery, event)
        return True

    def _await_event_of(self, channel: int, most: int) -> InputEvent:
        while (event := self._reader.next_of(channel, most)) is None:
            self.input.demand_more()
            self._send_and_wait_for_input(_REPLAY_WAIT)
            self._reactor.run_posted()
        return event

    def _handle_event(self, recovery: TaskRecovery, event: InputEvent) -> None:
        if isinstance(event, Records):
            began = time.monotonic()
            self._handle(event)
            self._pace.learn(len(event.values), time.monotonic() - began)
            self._reader.most = self._pace.most
            return
        is_barrier = isinstance(event, Barrier)
        if not is_barrier:
            recovery.ended(event.channel)
        faults.reach("checkpoint.aligning" if is_barrier else "end.input")
        if event.aligned is not None:
            self._checkpoint(recovery, event.aligned)

    def _checkpoint_without_barrier(self, recovery: TaskRecovery, number: int, most_bytes: int | None) -> bool:
        """Takes a checkpoint if everything up to the end of input is in memory, so that it can go into the snapshot.

        Returns:
            False if it is not yet.
        """
        if not self._reader.read_ahead(most_bytes):
            return False
        recovery.log_checkpoint(number)
        self._checkpoint(recovery, number, self._reader.unread())
        return True

    def _take_triggered(self, recovery: TaskRecovery) -> None:
        number = recovery.trigger
        if number is None or recovery.replaying:
            return
        is_late = number <= max(recovery.epoch, self._reader.aligning)
        read_to_end = not is_late and self._reader.read_ahead(_MOST_BYTES_AHEAD)
        has_barrier = is_late or self._reader.barrier_ahead(number)  # asked for only now: it may have just been read
        if has_barrier or (read_to_end and self._checkpoint_without_barrier(recovery, number, None)):
            recovery.trigger = None

    def _run_logged_source(self, recovery: TaskRecovery, source: SourceOperator) -> None:
        pause = IdlePause()
        while True:
            self._reactor.run_posted()
            if self.output.full:
                self._wait_until(lambda: not self.output.full)
            if recovery.replaying and not (source.ended and recovery.answers_next):
                self._repeat_source(recovery, source)
                continue
            if self.state is TaskState.CREATED and not recovery.behind_consumers:
                self._enter(TaskState.RUNNING)
            if source.ended:
                return
            if recovery.trigger is not None and self.state is TaskState.RUNNING and not source.in_fetch:
                number, recovery.trigger = recovery.trigger, None
                if number > recovery.epoch:
                    recovery.log_checkpoint(number)
                    self._checkpoint(recovery, number)
            began = time.monotonic()
            produced = self._fetch(recovery, source)
            if produced:  # there may be many channels to look at
                self.output.flush()
            ended = time.monotonic()
            if source.learn(ended - began):
                recovery.wants(source.size.records)
            self._reactor.poll(pause.after(began, ended, produced=produced))

    def _repeat_source(self, recovery: TaskRecovery, source: SourceOperator) -> None:
        """Does what came next before the failure.

        Raises:
            NondeterminismError: The source does not do it again.
        """
        entry = recovery.next_entry()
        if entry is None:
            return
        kind = entry.WhichOneof("kind")
        if kind == "checkpoint":
            recovery.log_checkpoint(entry.checkpoint.number)
            self._checkpoint(recovery, entry.checkpoint.number)
        elif kind == "source_read" and recovery.fetches >= entry.source_read.fetches:
            recovery.replayed_fetches()
            source.size.records = entry.source_read.wanted or source.size.records
        elif source.ended:
            raise recovery.mismatch("the end of the source")
        else:
            self._fetch(recovery, source)
            self.output.flush()
            self._reactor.poll(0)

    def _fetch(self, recovery: TaskRecovery, source: SourceOperator) -> bool:
        self.busy_since = time.monotonic()
        recovery.answers.begin()
        produced = source.fetch()
        self.busy_since = None
        if not source.in_fetch:
            recovery.fetched()
        return produced

    def _checkpoint(self, recovery: TaskRecovery, number: int, unread: Sequence[control.UnreadFrame] = ()) -> None:
        self.output.flush()
        self._reporter.checkpoint(self, self._snapshot(recovery, number, unread))
        faults.reach("checkpoint.sent")
        recovery.pass_barrier(number)
        self._reader.enter_epoch(number)
        if self.chain is not None and self.chain.source is not None:
            self.chain.source.size.begin_epoch()
        faults.reach("checkpoint.passed")

    def _snapshot(
        self, recovery: TaskRecovery, number: int, unread: Sequence[control.UnreadFrame] = ()
    ) -> control.Snapshot:
        assert self.chain is not None  # noqa: S101 - the task runs
        types = self._job.types
        operators, of_edges = self.chain.snapshot(number, types), self.chain.snapshot_of_edges(types)
        return recovery.snapshot(number, operators, of_edges, self.output.next_of_edge, unread)

    def _send_and_wait_for_input(self, timeout: float | None = None) -> None:
        self.output.flush()
        self.input.resume()  # the flush may have waited for room, and input was paused meanwhile
        self._reactor.poll(timeout)

    def _after_input(self, records: int, began: float, ended: float) -> None:
        """Called in the middle and at the end of a batch of the input."""
        self.input.took(self.input.channel(self._origin[0]), records, ended - began)
        self._after_slice(records, began, ended)

    def _after_slice(self, records: int, began: float, ended: float) -> None:  # noqa: ARG002
        """Called in the middle of a batch: consumers come, writes go on, and what was emitted gets on its way.

        Only I/O may happen here: where a batch is sliced is not logged.
        """
        if self.busy_since is not None:
            self.busy_since = ended
        if ended - self._reactor.polled_at >= _POLL_INTERVAL:
            self._reactor.poll(0)
        if ended - self._flushed_at >= _FLUSH_INTERVAL:
            self._flushed_at = ended
            self.output.flush()

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
            incarnation=self.descriptor.incarnation,
            epoch=0 if self._recovery is None else self._recovery.epoch,
        )
        self._reporter.collected(batch)
        window = self._job.options.integer("anabranch.collect.window-frames")
        self._wait_until(lambda: self._collected_seq - self._collected_acknowledged <= window)

    # ------------------------------------------------------------------ building

    def _build_recovery(self) -> TaskRecovery | None:
        mode = self._job.options.mode
        if mode == "none":
            return None
        return (AtLeastOnce if mode == "at_least_once" else TaskRecovery)(self.descriptor, self._job, self._emitted)

    def _build_input(self) -> InputGate:
        job = self._job
        identity = ConsumerIdentity(job.job_id, job.token, self.descriptor.incarnation)
        recovery = self._recovery
        channels = [
            InputChannel(channel.channel, edge.edge_id, job.limits.max_frame_bytes)
            if recovery is None
            else recovery.input_channel(channel.channel, edge.edge_id)
            for edge in self.descriptor.inputs
            for channel in edge.channels
        ]
        return InputGate(self._reactor, job.transport, identity, channels)

    def _build_reader(self, chain: OperatorChain) -> EventReader:
        decoders = {
            edge.edge_id: EdgeDecoder(
                edge.producer_name, Decoder(edge.producer_language, self._job.types, refuses=chain.takes_refused)
            )
            for edge in self.descriptor.inputs
        }
        recovery = self._recovery
        aligner = None if recovery is None else BarrierAligner(recovery.epoch, blocks=recovery.aligns)
        reader = EventReader(self.input, decoders, aligner)
        if recovery is not None:
            reader.most = self._pace.most
        return reader

    def _build_output(self) -> OutputGate:
        incarnation = self.descriptor.incarnation
        edges = []
        for edge in self.descriptor.outputs:
            channels: list[OutgoingChannel] = [
                OutputChannel(channel.channel, self._reactor, incarnation)
                if self._recovery is None
                else self._recovery.output_channel(channel.channel, self._reactor)
                for channel in edge.channels
            ]
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
            function = self._partition_functions[edge.edge_id] = self._load_partition_function(edge)
            return Custom(n, function.call)
        if n == 1 or kind in (graph.Partitioning.KIND_FORWARD, graph.Partitioning.KIND_BROADCAST):
            return Single()
        if kind == graph.Partitioning.KIND_KEY:
            return ByKey(n, self.descriptor.max_parallelism, self._job.types)
        return Rebalance(n, first=self.descriptor.subtask)

    def _load_partition_function(self, edge: control.OutputEdge) -> UserFunction:
        try:
            return UserFunction(edge.partitioning.function, PartitionFunction)
        except BaseException as error:
            hint = partition.HINT.format(consumer=edge.consumer_name)
            raise OperatorError(self.descriptor.chain[-1].name, -1, None, hint) from error

    def _listen(self) -> control.Endpoint | None:
        if not self.descriptor.outputs:
            return None
        name = f"t{self.descriptor.task_id}-{self.descriptor.incarnation}"
        listeners, endpoint = self._job.transport.listen(name)
        handshakes = ProducerHandshakes(self._job.token, endpoint.nonce)
        self._acceptors = [
            Acceptor(
                self._reactor,
                listener,
                self._job.transport,
                handshakes=handshakes,
                timeout=self._job.options.integer("anabranch.exchange.handshake-timeout-ms") / 1000,
                admit=self.output.admit,
            )
            for listener in listeners
        ]
        return endpoint

    def _build_chain(self) -> OperatorChain:
        edges = list(zip(self.descriptor.outputs, self.output.edges, strict=True))
        dead = [(edge, described.consumer_language) for described, edge in edges if described.dead_letters]
        return build_chain(
            self.descriptor,
            self._job,
            self._send_collected,
            _emit_to([edge for described, edge in edges if not described.dead_letters]),
            LiveAnswers() if self._recovery is None else self._recovery.answers,
            dead_letters=DeadLetters(self.descriptor.subtask, dead, self._job.types) if dead else None,
            origin=lambda: self._origin,
            after_slice=self._after_slice,
            after_input=self._after_input,
            partition_functions=self._partition_functions,
        )


def _emit_to(edges: Sequence[OutputEdge]) -> Emit:
    if len(edges) == 1:
        return edges[0].emit

    def emit_to_all(values: Sequence[Any], keys: Sequence[Any] | None) -> None:
        for edge in edges:
            edge.emit(values, keys)

    return emit_to_all
