"""What a task keeps in mode at_least_once: as little as a rollback of the whole job needs."""

from __future__ import annotations

from collections.abc import Callable

from anabranch.exchange.event_loop import Reactor
from anabranch.exchange.input.gate import InputChannel
from anabranch.exchange.output.channel import OutputChannel
from anabranch.operators.job import WorkerJob
from anabranch.task.answers import TaskAnswers, UnloggedAnswers
from anabranch.task.recovery import TaskRecovery
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Barrier, FrameHeader


class AtLeastOnce(TaskRecovery):
    """Logs nothing: after a failure all tasks go back to the last checkpoint, and every channel begins anew.

    Barriers hold nothing back. What comes on a channel behind a barrier, before the others have met it, is in the
    snapshot already and will come again.
    """

    aligns = False

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, emitted: Callable[[], int]) -> None:
        super().__init__(descriptor, job, emitted)
        self._sent_on: list[OutputChannel] = []
        self._max_frame_bytes = job.limits.max_frame_bytes

    def input_channel(self, channel: int, edge: int) -> InputChannel:  # noqa: D102
        made = InputChannel(channel, edge, self._max_frame_bytes)
        made.ended = self._inputs.setdefault(channel, control.ChannelPosition(channel=channel)).ended
        return made

    def output_channel(self, channel: int, reactor: Reactor) -> OutputChannel:  # noqa: D102
        made = OutputChannel(channel, reactor, self.descriptor.incarnation)
        self._sent_on.append(made)
        return made

    def begin_replay(self) -> None:
        """Nothing is done again in the same way."""

    def took(self, channel: int, records: int) -> None:
        """Counts nothing: positions begin anew with every incarnation."""

    def _answers(self) -> TaskAnswers:
        return UnloggedAnswers(self._randoms())

    def wants(self, records: int) -> None:
        """How many records were of one fetch need not be known."""

    def log_checkpoint(self, number: int) -> None:
        """Where a source takes a checkpoint need not be known."""

    def pass_barrier(self, number: int) -> None:  # noqa: D102
        super().pass_barrier(number)
        for channel in self._sent_on:
            channel.send(FrameHeader(barrier=Barrier(number=number)), b"")
