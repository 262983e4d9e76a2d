"""What the modes with checkpoints have in common: how a task is restored, takes checkpoints, commits and ends."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from anabranch import faults
from anabranch.checkpoint.numbers import FINAL
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.events import Barrier, EndOfInput, InputEvent, Records
from anabranch.exchange.output.outgoing_channel import OutgoingChannel
from anabranch.operators.job import WorkerJob
from anabranch.operators.state_loader import StateLoader
from anabranch.operators.state_saver import StateSaver
from anabranch.task.answers import TaskAnswers
from anabranch.task.lifecycle import TaskState
from anabranch.task.pace import Pace
from anabranch.task.runs.run import Run
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import record_pb2 as record
from anabranch.v1.record_pb2 import FrameHeader

_MOST_BYTES_AHEAD = 64 << 20  # that a checkpoint without a barrier reads ahead


class CheckpointedRun(Run):
    """The run of a task in a job with checkpoints; see docs/design/006.

    connected -> restored (opened, state loaded, commits repeated) -> running -> ended -> serves others
    """

    answers: TaskAnswers

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, event_loop: EventLoop) -> None:
        super().__init__(descriptor, job, event_loop)
        self.epoch = descriptor.restore.number
        self.inputs = {position.channel: position for position in descriptor.restore.inputs}
        self._pace = Pace()
        self._triggered = 0  # the checkpoint that is to be taken without a barrier; 0: none
        self._is_restored = False
        self._completed: deque[int] = deque()  # checkpoints whose commits are still to be made

    # ------------------------------------------------------------------ what differs

    @abstractmethod
    def enter_epoch(self, number: int) -> None:
        """The states of a checkpoint were saved, and its barrier is about to be sent."""

    @property
    @abstractmethod
    def output_channels(self) -> Sequence[OutgoingChannel]:
        """All output channels."""

    @abstractmethod
    def output_positions(self) -> list[control.ChannelPosition]:
        """Returns the positions of output channels, as far as they are kept."""

    def open_replay(self) -> None:
        """All consumers have come; functions are about to be opened."""

    def on_restored(self) -> None:
        """The operators have their state and counters back."""

    def go_live(self) -> None:
        """Enters RUNNING, unless something has to be repeated before."""
        self.life.enter(TaskState.RUNNING)

    def before_end(self) -> None:
        """The operators have emitted everything; the end of input is about to be sent."""

    def after_end(self) -> None:
        """The end of input was sent."""

    def on_triggered(self, number: int) -> None:
        """A checkpoint is about to be taken without a barrier."""

    def on_input(self, channel: int, records: int) -> None:
        """So many records of a channel, or a control frame (0), are about to be handled."""

    def forget_before(self, number: int) -> None:
        """Forgets what was before a completed checkpoint."""

    # ------------------------------------------------------------------ life

    def run(self) -> None:  # noqa: D102
        restore, work = self.descriptor.restore, self.work
        work.reader.most = self._pace.most
        self.reach("recovery.connected")
        self.open_replay()
        self._restore(restore)
        self.reach("recovery.restored")
        self.commit_completed()
        if restore.number == FINAL:  # its consumers have had everything
            self.life.enter(TaskState.RUNNING)
            self.life.report_snapshot(NewSnapshot.of(restore))
        else:
            self.go_live()
            self.run_operators()
            self._end()
            while not work.output.finished:
                work.serve()
        self.life.enter(TaskState.FINISHED)
        faults.reach("end.finished")
        while True:  # others may need what we have sent, until the job has ended
            work.serve()

    def _restore(self, restore: control.Snapshot) -> None:
        chain, work = self.work.chain, self.work
        # Before a checkpoint, `open` belongs to what is repeated; after it, all of this is done anew.
        with self.quietly() if restore.number else nullcontext():
            chain.open()
            chain.restore(StateLoader(restore, self.job.types, self.job.state_files.reader(restore)))
            if restore.number:
                self.on_restored()
            work.output.restore(restore.next_of_edge)
            work.reader.restore(restore.unread)
            chain.commit(restore.number)
            self._is_restored = True
            if restore.number != FINAL:
                chain.start()

    def _end(self) -> None:
        snapshot = NewSnapshot(FINAL)
        self.work.chain.end(self._saver_of(snapshot))
        self.before_end()
        self.work.output.end()
        self.after_end()
        self._add_positions(snapshot.message)
        self.life.report_snapshot(snapshot)
        if self.life.state is TaskState.CREATED:
            self.life.enter(TaskState.RUNNING)

    # ------------------------------------------------------------------ input

    def on_event(self, event: InputEvent) -> None:  # noqa: D102
        self.on_input(event.channel, len(event.batch) if isinstance(event, Records) else 0)
        self.handle(event)

    def handle(self, event: InputEvent) -> None:
        """Handles records, or what a barrier or the end of a channel brings about."""
        if isinstance(event, Records):
            self._pace.learn(len(event.batch), self.work.handle(event))
            self.work.reader.most = self._pace.most
            return
        if isinstance(event, EndOfInput):
            self.inputs[event.channel].ended = True
        faults.reach("checkpoint.aligning" if isinstance(event, Barrier) else "end.input")
        if event.aligned is not None:
            self.take_checkpoint(event.aligned)

    # ------------------------------------------------------------------ checkpoints

    def trigger(self, number: int) -> None:  # noqa: D102
        self._triggered = number

    def between_batches(self) -> None:
        """Takes the checkpoint that was asked for, if it can be taken now."""
        if not self._triggered:
            return
        source = self.work.chain.source
        if self._triggered <= self.epoch:
            self._triggered = 0
        elif source is None:
            self._take_triggered()
        elif not source.in_fetch and self.life.state is TaskState.RUNNING:
            number, self._triggered = self._triggered, 0
            self.on_triggered(number)
            self.take_checkpoint(number)

    def _take_triggered(self) -> None:
        """Takes the checkpoint as soon as what is to come is known to its end, unless its barrier comes."""
        number, reader = self._triggered, self.work.reader
        is_late = number <= reader.aligning
        read_to_end = not is_late and reader.read_ahead(_MOST_BYTES_AHEAD)
        if is_late or reader.barrier_ahead(number):  # asked for only now: it may have just been read
            self._triggered = 0
        elif read_to_end:
            self._triggered = 0
            self.take_checkpoint_before_end(number)

    def take_checkpoint_before_end(self, number: int) -> None:
        """Takes a checkpoint without a barrier, whose snapshot holds all input that is still to be handled."""
        self.on_triggered(number)
        self.take_checkpoint(number, self.work.reader.unread())

    def take_checkpoint(self, number: int, unread: Sequence[control.UnreadFrame] = ()) -> None:
        """Saves the state, sends the barrier, and reports the snapshot.

        In this order, so that the tasks downstream need not wait until the snapshot was encoded and sent.
        """
        work = self.work
        work.output.flush()
        snapshot = NewSnapshot(number)
        work.chain.snapshot(self._saver_of(snapshot))
        snapshot.message.unread.extend(unread)
        self.epoch = number
        self.answers.begin_epoch(number)
        self.enter_epoch(number)
        for channel in self.output_channels:
            channel.send(FrameHeader(barrier=record.Barrier(number=number)), b"")
        work.reader.enter_epoch(number)
        if work.chain.source is not None:
            work.chain.source.size.begin_epoch()
        faults.reach("checkpoint.passed")
        self._add_positions(snapshot.message)
        self.life.report_snapshot(snapshot)

    def _saver_of(self, snapshot: NewSnapshot) -> StateSaver:
        return StateSaver(snapshot, self.job.types, self.descriptor.max_parallelism)

    def _add_positions(self, snapshot: control.Snapshot) -> None:
        """Completes a snapshot with the positions of channels, after the barrier or the end was sent."""
        snapshot.inputs.extend(self.inputs.values())
        snapshot.outputs.extend(self.output_positions())
        snapshot.next_of_edge.update(self.work.output.next_of_edge)

    # ------------------------------------------------------------------ commits

    def complete(self, number: int) -> None:  # noqa: D102
        self._completed.append(number)
        self.event_loop.post(self.commit_completed)

    def commit_completed(self) -> None:
        """Commits what belongs to complete checkpoints; not before the transactions of earlier lives are known."""
        while self._is_restored and self._completed:
            number = self._completed.popleft()
            with self.quietly():
                self.work.chain.commit(number)
                if number == FINAL:
                    self.work.chain.close()
            self.forget_before(number)
            self.life.report_committed(number)

    # ------------------------------------------------------------------ for subclasses

    def input_position(self, channel: int) -> control.ChannelPosition:
        """Returns the position of an input channel, which goes into every snapshot."""
        return self.inputs.setdefault(channel, control.ChannelPosition(channel=channel))

    def quietly(self) -> AbstractContextManager[None]:  # noqa: D102
        return self.answers.quietly()
