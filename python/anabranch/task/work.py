"""What a task works with: its gates and its chain, and how one batch goes through them."""

from __future__ import annotations

import time
from collections.abc import Callable

from anabranch.api.runtime_context import Answers
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.channel import InputChannel
from anabranch.exchange.input.events import Records
from anabranch.exchange.input.reader import EventReader
from anabranch.exchange.output.outgoing_channel import OutgoingChannel
from anabranch.operators.chain import OperatorChain, build_chain
from anabranch.operators.collect import SendCollected
from anabranch.operators.job import WorkerJob
from anabranch.operators.source import SourceOperator
from anabranch.task import builder
from anabranch.v1 import control_pb2 as control

# In the middle of a batch: so long sockets are left alone, and what was emitted may wait to make a full frame.
_POLL_INTERVAL = 0.01
_FLUSH_INTERVAL = 0.1


class Work:
    """The moving parts of a task. Used on its thread; counters and gates may be looked at from any.

    Attributes:
        descriptor: The task.
        job: The job.
        event_loop: The event loop.
        input: The input gate.
        reader: Reads the input.
        output: The output gate.
        chain: The operators.
        busy_since: When the batch at hand, or its last slice, began, of `time.monotonic`; None between two batches.
    """

    def __init__(
        self,
        descriptor: control.TaskDescriptor,
        job: WorkerJob,
        event_loop: EventLoop,
        *,
        input_channel: Callable[[int, int], InputChannel],
        output_channel: Callable[[int], OutgoingChannel],
        aligner: BarrierAligner | None,
        answers: Answers,
        send_collected: SendCollected,
    ) -> None:
        """Builds all of it and loads the functions.

        Args:
            descriptor: The task.
            job: The job.
            event_loop: The event loop.
            input_channel: Makes an input channel, of its number and edge.
            output_channel: Makes an output channel, of its number.
            aligner: Aligns the barriers of the input; None: there are no checkpoints.
            answers: What answers the questions of user code.
            send_collected: Takes what a COLLECT operator has.

        Raises:
            OperatorError: A function cannot be loaded.
        """
        self.descriptor = descriptor
        self.job = job
        self.event_loop = event_loop
        self.busy_since: float | None = None
        self._origin = (0, 0)  # of the batch at hand: its channel, and how many records came before on it
        self._flushed_at = 0.0
        self.input = builder.build_input(descriptor, job, event_loop, input_channel)
        partition_functions = builder.load_partition_functions(descriptor)
        self.output = builder.build_output(descriptor, job, partition_functions, output_channel, self.wait_until)
        self.chain: OperatorChain = build_chain(
            descriptor,
            job,
            send_collected,
            builder.emit_of(descriptor, self.output),
            answers,
            dead_letters=builder.dead_letters_of(descriptor, job, self.output),
            origin=lambda: self._origin,
            after_slice=self._after_slice,
            after_input=self._after_input,
            partition_functions=partition_functions,
        )
        decoders = builder.build_decoders(descriptor, job, refuses=self.chain.takes_refused)
        self.reader = EventReader(self.input, decoders, aligner)
        self._entries = {edge.edge_id: self.chain.entry(edge.edge_id) for edge in descriptor.inputs}

    @property
    def emitted(self) -> int:
        """How many records the task has emitted."""
        return self.chain.operators[-1].records_out

    # ------------------------------------------------------------------ one batch

    def handle(self, records: Records) -> float:
        """Takes records through the chain; returns how many seconds that took."""
        self._origin = (records.channel, records.first)
        self.busy_since = began = time.monotonic()
        self._entries[records.edge](records.batch)
        self.busy_since = None
        return time.monotonic() - began

    def fetch(self, source: SourceOperator) -> bool:
        """Has the source emit some records; returns whether there were any."""
        self.busy_since = time.monotonic()
        produced = source.fetch()
        self.busy_since = None
        return produced

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
        if ended - self.event_loop.polled_at >= _POLL_INTERVAL:
            self.event_loop.poll(0)
        if ended - self._flushed_at >= _FLUSH_INTERVAL:
            self._flushed_at = ended
            self.output.flush()

    # ------------------------------------------------------------------ waiting

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Handles output, and nothing else, until the condition holds."""
        self.input.pause()
        self.event_loop.poll_until(condition)

    def wait_for_room(self) -> None:
        """Waits while a consumer is slower than the task (backpressure)."""
        if self.output.full:
            self.wait_until(lambda: not self.output.full)

    def wait_for_input(self, timeout: float | None = None) -> None:
        """Sends what was emitted and waits for more input, or for a message from another thread."""
        self.output.flush()
        self.input.resume()  # the flush may have waited for room, and input was paused meanwhile
        self.event_loop.poll(timeout)

    def serve(self) -> None:
        """Handles I/O and posted work, for a task that has done its own."""
        self.event_loop.poll(None)
        self.event_loop.run_posted()

    def close(self) -> None:
        """Closes both gates."""
        self.input.close()
        self.output.close()
