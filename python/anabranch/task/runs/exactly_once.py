"""Mode exactly_once: what a task does is logged, and a new incarnation of it does the same again."""

from __future__ import annotations

from collections.abc import Sequence

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.events import InputEvent, Records
from anabranch.exchange.input.logged_channel import LoggedInputChannel
from anabranch.exchange.output.gate import OutputGate
from anabranch.exchange.output.logged_channel import LoggedOutputChannel
from anabranch.operators.job import WorkerJob
from anabranch.operators.source import SourceOperator
from anabranch.replay.determinants import max_entry_bytes
from anabranch.replay.errors import NondeterminismError
from anabranch.replay.inflight_log import InFlightLog, SpillBudget
from anabranch.task.answers import EpochRandoms, LoggedAnswers
from anabranch.task.lifecycle import TaskState
from anabranch.task.recorder import Recorder
from anabranch.task.replayer import Replayer
from anabranch.task.runs.checkpointed import CheckpointedRun
from anabranch.task.task_logs import TaskLogs
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Determinant

_REPLAY_WAIT = 0.1  # for one channel, before more is asked of all


class ExactlyOnceRun(CheckpointedRun):
    """Records what the task does; after a failure it first replays what was recorded, and then goes live."""

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, event_loop: EventLoop) -> None:
        super().__init__(descriptor, job, event_loop)
        self._logs = TaskLogs(descriptor, job)
        self._recorder = Recorder(self._logs, keeps=bool(descriptor.outputs))
        self._outputs = {position.channel: position for position in descriptor.restore.outputs}
        self._channels: list[LoggedOutputChannel] = []
        directory = job.options.text("anabranch.inflight.spill-dir")
        self._budget = SpillBudget(job.options.integer("anabranch.inflight.memory-bytes"), directory)
        self._emitted_before = 0  # the epoch
        self.answers = LoggedAnswers(
            EpochRandoms(job.job_id, descriptor.subtask, self.epoch),
            self._recorder.replayed,
            self._recorder.append,
            max_entry_bytes(job.limits.max_frame_bytes),
        )

    # ------------------------------------------------------------------ channels

    @property
    def aligner(self) -> BarrierAligner:  # noqa: D102
        return BarrierAligner(self.epoch, blocks=True)

    def input_channel(self, channel: int, edge: int) -> LoggedInputChannel:  # noqa: D102
        received = control.ChannelPosition()
        received.CopyFrom(self.input_position(channel))
        return LoggedInputChannel(received, edge, self.job.limits.max_frame_bytes, self._logs.held)

    def output_channel(self, channel: int) -> LoggedOutputChannel:  # noqa: D102
        made = LoggedOutputChannel(
            self._outputs.get(channel, control.ChannelPosition(channel=channel)),
            self.event_loop,
            self.descriptor.incarnation,
            InFlightLog(self._budget),
            logs=self._logs.channel(),
            max_frame_bytes=self.job.limits.max_frame_bytes,
        )
        self._channels.append(made)
        return made

    @property
    def log_bytes(self) -> int:  # noqa: D102
        return self._logs.memory_bytes

    def may_dial(self, output: OutputGate) -> bool:
        """What consumers hold of logs has to go with this task's own requests: they come first."""
        return not self.descriptor.HasField("restore") or output.connected

    # ------------------------------------------------------------------ what is recorded

    def on_input(self, channel: int, records: int) -> None:  # noqa: D102
        self._recorder.input(channel, records, self._emitted_in_epoch())
        self.answers.begin()
        position = self.inputs[channel]
        position.records += records
        position.controls += 0 if records else 1

    def fetch(self, source: SourceOperator) -> bool:  # noqa: D102
        self.answers.begin()
        produced = super().fetch(source)
        if not source.in_fetch:
            self._recorder.fetched()
        return produced

    def on_new_size(self, records: int) -> None:  # noqa: D102
        self._recorder.wants(records)

    def on_triggered(self, number: int) -> None:  # noqa: D102
        self.answers.begin()
        self._recorder.checkpoint(number)

    def _emitted_in_epoch(self) -> int:
        return self.work.emitted - self._emitted_before

    # ------------------------------------------------------------------ replay

    def open_replay(self) -> None:
        """What consumers hold of this task's log is what it does again."""
        self._logs.gathers = False
        if self.descriptor.HasField("restore"):
            self._recorder.replayer = Replayer(self.descriptor.name, self.descriptor.task_id, self._logs)

    def on_restored(self) -> None:  # noqa: D102
        self._emitted_before = self.work.emitted

    def go_live(self) -> None:  # noqa: D102
        if self._recorder.replayer is None:
            super().go_live()

    def run_input(self) -> None:
        """Replays, and then handles what comes."""
        while not self.work.reader.ended and (entry := self._next_entry()) is not None:
            self.reach("recovery.replaying")
            self.event_loop.run_posted()
            self.work.wait_for_room()
            self._repeat_input(entry)
        if self.life.state is TaskState.CREATED and not self.work.reader.ended:
            self.work.output.flush()
            self._check_caught_up()
            super().go_live()
            self.reach("recovery.live")
        super().run_input()

    def run_source(self, source: SourceOperator) -> None:
        """Replays, and then fetches on; what the functions ask in `close` is replayed after that."""
        while (entry := self._next_entry()) is not None:
            if source.ended and entry.WhichOneof("kind") in ("time", "value"):
                break
            self.event_loop.run_posted()
            self.work.wait_for_room()
            self._repeat_source(source, entry)
        super().run_source(source)

    def between_batches(self) -> None:  # noqa: D102
        if self.life.state is TaskState.CREATED and not self._is_behind_consumers():
            super().go_live()
        super().between_batches()

    def _next_entry(self) -> Determinant | None:
        """Returns what is to be done again next; None once the task is live."""
        replayer = self._recorder.replayer
        entry = None if replayer is None else replayer.next()
        if entry is None:
            self._recorder.replayer = None
        return entry

    def _repeat_input(self, entry: Determinant) -> None:
        kind = entry.WhichOneof("kind")
        if kind == "checkpoint":
            while not self.work.reader.read_ahead(None):
                self._await_more()
            self.take_checkpoint_before_end(entry.checkpoint.number)
        elif kind == "order":
            self._repeat_order(entry.order)
        else:
            raise self._replayer.mismatch("an input")

    def _repeat_order(self, order: Determinant.Order) -> None:
        """Handles the records, or the control frame, that came from this channel, in as many pieces as they come."""
        handled = 0
        while not handled or handled < order.records:
            event = self._await_event(order.channel, order.records - handled)
            is_records = isinstance(event, Records)
            if is_records != (order.records > 0):
                raise self._replayer.mismatch("records" if is_records else "a control frame")
            if not handled:
                self.on_input(event.channel, order.records)
            handled += len(event.batch) if isinstance(event, Records) else 1
            self.handle(event)

    def _await_event(self, channel: int, most: int) -> InputEvent:
        while (event := self.work.reader.next_of(channel, most)) is None:
            self._await_more()
        return event

    def _await_more(self) -> None:
        self.work.input.demand_more()
        self.work.wait_for_input(_REPLAY_WAIT)
        self.event_loop.run_posted()

    def _repeat_source(self, source: SourceOperator, entry: Determinant) -> None:
        kind = entry.WhichOneof("kind")
        if kind == "checkpoint":
            self.on_triggered(entry.checkpoint.number)
            self.take_checkpoint(entry.checkpoint.number)
        elif kind == "source_read" and self._recorder.fetches >= entry.source_read.fetches:
            self._recorder.fetched_again()
            source.size.records = entry.source_read.wanted or source.size.records
        elif source.ended:
            raise self._replayer.mismatch("the end of the source")
        else:
            self.fetch(source)
            self.work.output.flush()
            self.event_loop.poll(0)

    @property
    def _replayer(self) -> Replayer:
        assert self._recorder.replayer is not None  # noqa: S101 - asked for only while there is an entry
        return self._recorder.replayer

    # ------------------------------------------------------------------ the end

    def before_end(self) -> None:  # noqa: D102
        if self._next_entry() is not None:
            raise self._replayer.mismatch("the end of its input")

    def after_end(self) -> None:  # noqa: D102
        self._check_caught_up()

    def _is_behind_consumers(self) -> bool:
        """Returns whether a consumer has what is not yet produced again."""
        return any(channel.behind_consumer for channel in self._channels)

    def _check_caught_up(self) -> None:
        if self._is_behind_consumers():
            raise NondeterminismError(
                self.descriptor.name, self._logs.position, "the records that consumers have", "fewer"
            )

    # ------------------------------------------------------------------ checkpoints

    def enter_epoch(self, number: int) -> None:  # noqa: D102
        self._emitted_before = self.work.emitted
        self._recorder.enter_epoch(number)

    @property
    def output_channels(self) -> Sequence[LoggedOutputChannel]:  # noqa: D102
        return self._channels

    def output_positions(self) -> list[control.ChannelPosition]:  # noqa: D102
        return [channel.position for channel in self._channels]

    def forget_before(self, number: int) -> None:  # noqa: D102
        self._logs.drop_before(number)
        for channel in self._channels:
            channel.drop_before(number)
