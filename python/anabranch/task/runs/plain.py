"""Mode none: nothing is kept, and the job fails with its first worker."""

from __future__ import annotations

from anabranch.api.runtime_context import LiveAnswers
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import InputChannel
from anabranch.exchange.input.events import InputEvent, Records
from anabranch.exchange.output.channel import OutputChannel
from anabranch.operators.job import WorkerJob
from anabranch.task.lifecycle import TaskState
from anabranch.task.runs.run import Run
from anabranch.v1 import control_pb2 as control


class PlainRun(Run):
    """Runs a task of a job without checkpoints."""

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, event_loop: EventLoop) -> None:
        super().__init__(descriptor, job, event_loop)
        self.answers = LiveAnswers()

    def input_channel(self, channel: int, edge: int) -> InputChannel:  # noqa: D102
        return InputChannel(channel, edge, self.job.limits.max_frame_bytes)

    def output_channel(self, channel: int) -> OutputChannel:  # noqa: D102
        return OutputChannel(channel, self.event_loop, self.descriptor.incarnation)

    def run(self) -> None:  # noqa: D102
        chain, output = self.work.chain, self.work.output
        chain.open()
        chain.start()
        self.life.enter(TaskState.RUNNING)
        self.run_operators()
        chain.end(None)
        output.end()
        self.work.wait_until(lambda: output.finished)

    def on_event(self, event: InputEvent) -> None:  # noqa: D102
        if isinstance(event, Records):
            self.work.handle(event)
