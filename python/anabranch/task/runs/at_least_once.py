"""Mode at_least_once: as little is kept as a rollback of the whole job needs."""

from __future__ import annotations

from collections.abc import Sequence

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.channel import InputChannel
from anabranch.exchange.output.channel import OutputChannel
from anabranch.operators.job import WorkerJob
from anabranch.task.answers import EpochRandoms, UnloggedAnswers
from anabranch.task.runs.checkpointed import CheckpointedRun
from anabranch.v1 import control_pb2 as control


class AtLeastOnceRun(CheckpointedRun):
    """Logs nothing: after a failure all tasks are rolled back to the last checkpoint, and every channel begins anew.

    Barriers hold nothing back. What comes on a channel after its barrier, before the others have met theirs, is in the
    snapshot already and will come again.
    """

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, event_loop: EventLoop) -> None:
        super().__init__(descriptor, job, event_loop)
        self.answers = UnloggedAnswers(EpochRandoms(job.job_id, descriptor.subtask, self.epoch))
        self._channels: list[OutputChannel] = []

    @property
    def aligner(self) -> BarrierAligner:  # noqa: D102
        return BarrierAligner(self.epoch, blocks=False)

    def input_channel(self, channel: int, edge: int) -> InputChannel:  # noqa: D102
        made = InputChannel(channel, edge, self.job.limits.max_frame_bytes)
        made.ended = self.input_position(channel).ended
        return made

    def output_channel(self, channel: int) -> OutputChannel:  # noqa: D102
        made = OutputChannel(channel, self.event_loop, self.descriptor.incarnation)
        self._channels.append(made)
        return made

    def enter_epoch(self, number: int) -> None:
        """Nothing is kept by epoch."""

    @property
    def output_channels(self) -> Sequence[OutputChannel]:  # noqa: D102
        return self._channels

    def output_positions(self) -> list[control.ChannelPosition]:
        """Positions begin anew with every incarnation."""
        return []
