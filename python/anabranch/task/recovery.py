"""What a task of a job with recovery keeps beside its operators: positions, logs, sent frames. See docs/design/006."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from anabranch.checkpoint.numbers import FINAL
from anabranch.exchange.event_loop import Reactor
from anabranch.exchange.input.gate import InputChannel
from anabranch.exchange.input.logged_channel import LoggedInputChannel
from anabranch.exchange.output.gate import OutgoingChannel
from anabranch.exchange.output.logged_channel import LoggedOutputChannel
from anabranch.operators.job import WorkerJob
from anabranch.replay.cursor import ReplayCursor
from anabranch.replay.determinants import DeterminantLog, HeldLogs, Piggyback, max_entry_bytes, piece_bytes
from anabranch.replay.errors import NondeterminismError
from anabranch.replay.inflight_log import InFlightLog, SpillBudget
from anabranch.task.answers import EpochRandoms, LoggedAnswers, TaskAnswers
from anabranch.task.snapshot_size import require_size
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Barrier, ConnectReply, Determinant, FrameHeader, LogDelta

# More tasks than this do not fit into a reply: all logs are asked for then.
_MAX_NAMED = 500


class TaskRecovery:
    """Logs what the task does, and makes a new incarnation of it do the same again.

    Everything is called on the task's thread.
    """

    aligns = True  # a channel that has met a barrier waits for the others

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, emitted: Callable[[], int]) -> None:
        """Begins where `descriptor.restore` says, or at the start of the job.

        Args:
            descriptor: The task.
            job: The job.
            emitted: Returns how many records the task has emitted.
        """
        self._emitted = emitted
        self._emitted_before = 0  # the epoch
        self.descriptor = descriptor
        self.is_new_incarnation = descriptor.HasField("restore")
        self.trigger: int | None = None  # a checkpoint to be taken without a barrier
        self.held = HeldLogs()
        self._job = job
        restore = descriptor.restore
        self.epoch = restore.number
        self._log = DeterminantLog(self.epoch)
        self._retained = self.epoch
        self._gathers = self.is_new_incarnation  # what its consumers hold of logs
        self._cursor: ReplayCursor | None = None
        self._inputs = {position.channel: position for position in restore.inputs}
        self._outputs = {position.channel: position for position in restore.outputs}
        self._channels: list[LoggedOutputChannel] = []
        directory = job.options.text("anabranch.inflight.spill-dir")
        self._budget = SpillBudget(job.options.integer("anabranch.inflight.memory-bytes"), directory)
        depth = job.options.integer("anabranch.recovery.sharing-depth")
        producers = frozenset(channel.peer_task for edge in descriptor.inputs for channel in edge.channels)
        # By the depth, the tasks upstream whose entries a consumer of this task is to hold besides its own.
        self._shared = {1: frozenset[int](), 2: producers}.get(depth, frozenset(descriptor.upstream_tasks))
        self._piece_bytes = piece_bytes(job.limits.max_frame_bytes)
        self._fetches = 0
        # Nobody holds the log of a task without consumers, so it need not be kept.
        self._keeps_log = bool(descriptor.outputs)
        self.answers = self._answers()

    # ------------------------------------------------------------------ channels

    def input_channel(self, channel: int, edge: int) -> InputChannel:
        """Returns an input channel at its position."""
        position = self._inputs.setdefault(channel, control.ChannelPosition(channel=channel))
        received = control.ChannelPosition()
        received.CopyFrom(position)
        return LoggedInputChannel(received, edge, self._job.limits.max_frame_bytes, self.held)

    def output_channel(self, channel: int, reactor: Reactor) -> OutgoingChannel:
        """Returns an output channel at its position."""
        made = LoggedOutputChannel(
            self._outputs.get(channel, control.ChannelPosition(channel=channel)),
            reactor,
            self.descriptor.incarnation,
            InFlightLog(self._budget),
            logs=_SharedLogs(self, Piggyback(self._shared, self._retained)),
            max_frame_bytes=self._job.limits.max_frame_bytes,
        )
        self._channels.append(made)
        return made

    @property
    def wanted_logs(self) -> ConnectReply | None:
        """What a consumer that comes now is asked for: this task's own log, and those that it passes on."""
        if not self._gathers:
            return None
        tasks = [self.descriptor.task_id, *self._shared]
        return ConnectReply(wants_logs=True, wanted_tasks=tasks if len(tasks) <= _MAX_NAMED else [])

    def begin_sharing(self, piggyback: Piggyback) -> None:
        """Called when a consumer has come: what was on its way to it may be lost."""
        piggyback.reset(self._retained)

    def take_log(self, piggyback: Piggyback, delta: LogDelta) -> None:
        """Takes a part of a log that a consumer holds, and need not be sent.

        A consumer that was asked for all sends more: logs of tasks that are not upstream of this one. Nothing would
        keep such a copy right when its task, and all that depend on it, fail and take another way.
        """
        piggyback.set_sent(delta.task, delta.epoch, delta.offset + len(delta.entries))
        if delta.task in self._shared or (self._gathers and delta.task == self.descriptor.task_id):
            self.held.merge(delta)

    def due_deltas(self, piggyback: Piggyback) -> tuple[list[LogDelta], bool]:
        """Returns what a channel has to carry next, as much as goes into a frame; and whether there is more."""
        return piggyback.deltas(self.descriptor.task_id, self._log, self.held, self._piece_bytes)

    def due_bytes(self, piggyback: Piggyback) -> int:
        """Returns about how much of the task's own log a channel has to carry."""
        return piggyback.due_bytes(self._log)

    @property
    def log_bytes(self) -> int:
        """Memory that determinant logs take, about: the task's own, and what it holds of others."""
        return self._log.memory_bytes + self.held.memory_bytes

    # ------------------------------------------------------------------ replay

    @property
    def replaying(self) -> bool:
        """True while the task does what an incarnation before it has done."""
        return self._cursor is not None

    def begin_replay(self) -> None:
        """Called once all consumers have come: what they hold of this task's log is what it does again."""
        self._gathers = False
        if self.is_new_incarnation:
            log = self.held.take(self.descriptor.task_id)
            self._cursor = ReplayCursor(self.descriptor.name, log, self.epoch)

    def next_entry(self) -> Determinant | None:
        """Returns what is to be done next, or None once the task is live.

        Raises:
            NondeterminismError: A consumer has records that were not produced again.
        """
        if self._cursor is None:
            return None
        if not self._cursor.exhausted:
            entry = self._cursor.peek()
            if entry is None:
                raise self._mismatch("a barrier", "more input")
            return entry
        self._cursor = None
        return None

    @property
    def answers_next(self) -> bool:
        """True if what is to be done next is to answer a question of user code."""
        entry = self.next_entry()
        return entry is not None and entry.WhichOneof("kind") in ("time", "value")

    def take_entry(self) -> None:
        """Takes the entry that `next_entry` has returned."""
        assert self._cursor is not None  # noqa: S101 - there was an entry
        self._log.append(self._cursor.next())

    @property
    def behind_consumers(self) -> bool:
        """True while a consumer has what is not yet produced again."""
        return any(channel.behind_consumer for channel in self._channels)

    def check_caught_up(self) -> None:
        """Called when nothing is left to replay.

        Raises:
            NondeterminismError: A consumer has records that were not produced again.
        """
        if self.behind_consumers:
            raise self._mismatch("the records that consumers have", "fewer")

    def check_finished(self) -> None:
        """Called once the input has ended and all operators have emitted what they held back.

        Raises:
            NondeterminismError: The log goes on.
        """
        if self.next_entry() is not None:
            raise self.mismatch("the end of its input")

    def mismatch(self, expected: str) -> NondeterminismError:
        """Returns the error for a task that comes to something else than its log has next."""
        entry = None if self._cursor is None else self._cursor.peek()
        return self._mismatch(expected, "nothing" if entry is None else str(entry.WhichOneof("kind")))

    def _mismatch(self, expected: str, found: str) -> NondeterminismError:
        position = (self.epoch, self._log.length(self.epoch))
        return NondeterminismError(self.descriptor.name, position, expected, found)

    # ------------------------------------------------------------------ what the task does

    def took(self, channel: int, records: int) -> None:
        """Logs that a batch of so many records, or a control frame (0), comes from this channel next."""
        emitted = self._emitted() - self._emitted_before
        if self._cursor is None:
            if self._keeps_log:
                order = Determinant.Order(channel=channel, records=records, emitted=emitted)
                self._log.append(Determinant(order=order))
        else:
            self._check_emitted(emitted)
            self.take_entry()
        self.answers.begin()
        position = self._inputs[channel]
        position.records += records
        position.controls += 0 if records else 1

    @property
    def fetches(self) -> int:
        """Calls of fetch since the last entry."""
        return self._fetches

    def _check_emitted(self, emitted: int) -> None:
        entry = None if self._cursor is None else self._cursor.peek()
        if entry is not None and entry.order.emitted != emitted:
            raise self._mismatch(f"it with {emitted} records emitted", f"{entry.order.emitted}")

    def fetched(self) -> None:
        """Counts a call of fetch that is over."""
        self._fetches += 1

    def wants(self, records: int) -> None:
        """Logs that a source is asked for so many records from the next call of fetch on."""
        self._append(Determinant(source_read=Determinant.SourceRead(wanted=records)))

    def replayed_fetches(self) -> None:
        """Takes the entry whose fetches were made again."""
        self._fetches = 0
        self.take_entry()

    def ended(self, channel: int) -> None:
        """Takes note of the end of a channel."""
        self._inputs[channel].ended = True

    def _append(self, entry: Determinant) -> None:
        if not self._keeps_log:
            return
        if self._fetches:
            read = Determinant.SourceRead(fetches=self._fetches)
            self._log.append(Determinant(source_read=read))
            self._fetches = 0
        self._log.append(entry)

    # ------------------------------------------------------------------ questions of user code

    def _answers(self) -> TaskAnswers:
        limit = max_entry_bytes(self._job.limits.max_frame_bytes)
        return LoggedAnswers(self._randoms(), self._replayed, self._append, limit)

    def _randoms(self) -> EpochRandoms:
        return EpochRandoms(self._job.job_id, self.descriptor.subtask, self.epoch)

    def _replayed(self, kind: Any) -> Determinant | None:
        if self._cursor is None or self._cursor.exhausted:
            return None
        entry = self._cursor.expect(kind)
        self._fetches = 0  # those before it have an entry of their own
        self._log.append(entry)
        return entry

    # ------------------------------------------------------------------ checkpoints

    def log_checkpoint(self, number: int) -> None:
        """Logs that the task takes a checkpoint here, without a barrier."""
        self.answers.begin()
        if self._cursor is None:
            self._append(Determinant(checkpoint=Determinant.Checkpoint(number=number)))
        else:
            self.take_entry()

    def snapshot(
        self,
        number: int,
        operators: list[control.OperatorState],
        function_of_edge: dict[int, control.EncodedValues],
        next_of_edge: dict[int, int],
        unread: Iterable[control.UnreadFrame] = (),
    ) -> control.Snapshot:
        """Returns the task's part of a checkpoint, with the barrier (or the end) counted on every output channel.

        Raises:
            CheckpointError: It is too large.
        """
        outputs = [channel.position for channel in self._channels]
        for position in outputs if number != FINAL else ():
            position.controls += 1
        snapshot = control.Snapshot(
            number=number,
            inputs=self._inputs.values(),
            outputs=outputs,
            operators=operators,
            next_of_edge=next_of_edge,
            function_of_edge=function_of_edge,
            unread=unread,
        )
        require_size(snapshot, self.descriptor)
        return snapshot

    def restored(self) -> None:
        """Called once the operators have their state and counters back."""
        self._emitted_before = self._emitted()

    def pass_barrier(self, number: int) -> None:
        """Enters the epoch and sends the barrier to every consumer."""
        self.epoch = number
        self._emitted_before = self._emitted()
        self.answers.begin_epoch(number)
        self._log.begin_epoch(number)
        if self._cursor is not None:
            self._cursor.begin_epoch(number)
        for channel in self._channels:
            channel.send(FrameHeader(barrier=Barrier(number=number)), b"")

    def drop_before(self, number: int) -> None:
        """Forgets what is needed no more, for checkpoint `number` is complete."""
        self._retained = max(self._retained, min(number, self.epoch))
        self._log.drop_before(number)
        self.held.drop_before(number)
        for channel in self._channels:
            channel.drop_before(number)


class _SharedLogs:
    """What one output channel shares of the logs of its task."""

    def __init__(self, recovery: TaskRecovery, piggyback: Piggyback) -> None:
        self._recovery = recovery
        self._piggyback = piggyback

    @property
    def epoch(self) -> int:
        return self._recovery.epoch

    @property
    def wanted(self) -> ConnectReply | None:
        return self._recovery.wanted_logs

    def begin(self) -> None:
        self._recovery.begin_sharing(self._piggyback)

    def deltas(self) -> tuple[list[LogDelta], bool]:
        return self._recovery.due_deltas(self._piggyback)

    @property
    def due_bytes(self) -> int:
        return self._recovery.due_bytes(self._piggyback)

    def merge(self, delta: LogDelta) -> None:
        self._recovery.take_log(self._piggyback, delta)
