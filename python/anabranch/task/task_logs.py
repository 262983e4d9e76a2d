"""The determinant logs of a task: its own, and what it holds of those upstream; and what its channels share of them."""

from __future__ import annotations

from anabranch.operators.job import WorkerJob
from anabranch.replay.determinants import DeterminantLog, HeldLogs, Piggyback, piece_bytes
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import ConnectReply, Determinant, LogDelta

# More tasks than this do not fit into a reply: all logs are asked for then.
_MAX_NAMED = 500


class TaskLogs:
    """Keeps the log of what a task does, by epoch, and hands it to the consumers that may have to give it back.

    Attributes:
        held: What the task holds of the logs of others.
        gathers: Whether consumers that come are asked for what they hold, for the task has lost its own.
        epoch: The epoch that the task is in.
    """

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob) -> None:
        self.held = HeldLogs()
        self.gathers = descriptor.HasField("restore")
        self.epoch = descriptor.restore.number
        self._task = descriptor.task_id
        self._own = DeterminantLog(self.epoch)
        self._retained = self.epoch
        depth = job.options.integer("anabranch.recovery.sharing-depth")
        producers = frozenset(channel.peer_task for edge in descriptor.inputs for channel in edge.channels)
        # By the depth, the tasks upstream whose entries a consumer of this task is to hold besides its own.
        self._shared = {1: frozenset[int](), 2: producers}.get(depth, frozenset(descriptor.upstream_tasks))
        self._piece_bytes = piece_bytes(job.limits.max_frame_bytes)

    @property
    def position(self) -> tuple[int, int]:
        """Epoch, and index in the epoch, of the next entry."""
        return self.epoch, self._own.length(self.epoch)

    @property
    def memory_bytes(self) -> int:
        """Memory that the logs take, about. May be asked for from any thread."""
        return self._own.memory_bytes + self.held.memory_bytes

    def append(self, entry: Determinant) -> None:
        """Logs what the task does next."""
        self._own.append(entry)

    def begin_epoch(self, number: int) -> None:
        """Enters an epoch."""
        self.epoch = number
        self._own.begin_epoch(number)

    def drop_before(self, number: int) -> None:
        """Forgets what was before a completed checkpoint."""
        self._retained = max(self._retained, min(number, self.epoch))
        self._own.drop_before(number)
        self.held.drop_before(number)

    def channel(self) -> SharedLogs:
        """Returns what one output channel shares."""
        return SharedLogs(self, Piggyback(self._shared, self._retained))

    @property
    def wanted(self) -> ConnectReply | None:
        """What a consumer that comes now is asked for: this task's own log, and those that it passes on."""
        if not self.gathers:
            return None
        tasks = [self._task, *self._shared]
        return ConnectReply(wants_logs=True, wanted_tasks=tasks if len(tasks) <= _MAX_NAMED else [])

    def begin_sharing(self, piggyback: Piggyback) -> None:
        """Called when a consumer has come: what was on its way to it may be lost."""
        piggyback.reset(self._retained)

    def take(self, piggyback: Piggyback, delta: LogDelta) -> None:
        """Takes a part of a log that a consumer holds, and need not be sent.

        A consumer that was asked for all sends more: logs of tasks that are not upstream of this one. Nothing would
        keep such a copy right when its task, and all that depend on it, fail and take another way.
        """
        piggyback.set_sent(delta.task, delta.epoch, delta.offset + len(delta.entries))
        if delta.task in self._shared or (self.gathers and delta.task == self._task):
            self.held.merge(delta)

    def due_deltas(self, piggyback: Piggyback) -> tuple[list[LogDelta], bool]:
        """Returns what a channel has to carry next, as much as goes into a frame; and whether there is more."""
        return piggyback.deltas(self._task, self._own, self.held, self._piece_bytes)

    def due_bytes(self, piggyback: Piggyback) -> int:
        """Returns about how much of the task's own log a channel has to carry."""
        return piggyback.due_bytes(self._own)


class SharedLogs:
    """What one output channel shares of the logs of its task."""

    def __init__(self, logs: TaskLogs, piggyback: Piggyback) -> None:
        self._logs = logs
        self._piggyback = piggyback

    @property
    def epoch(self) -> int:
        """The task's epoch."""
        return self._logs.epoch

    @property
    def wanted(self) -> ConnectReply | None:
        """What a consumer that comes now is asked for; None: nothing."""
        return self._logs.wanted

    def begin(self) -> None:
        """A consumer has come."""
        self._logs.begin_sharing(self._piggyback)

    def deltas(self) -> tuple[list[LogDelta], bool]:
        """Returns what is due, as much as goes into a frame, and takes it as sent; and whether more is due."""
        return self._logs.due_deltas(self._piggyback)

    @property
    def due_bytes(self) -> int:
        """How many bytes of the task's own determinants are due, about."""
        return self._logs.due_bytes(self._piggyback)

    def merge(self, delta: LogDelta) -> None:
        """Takes a part of a log that the consumer holds."""
        self._logs.take(self._piggyback, delta)
