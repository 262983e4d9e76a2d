"""The output of one edge: partitions, batches and encodes what the chain emits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anabranch.errors import RecordError
from anabranch.exchange.output.outgoing_channel import OutgoingChannel
from anabranch.exchange.output.partitioners import Partitioner, PartitionError, Rebalance
from anabranch.exchange.output.pending_batch import BatchLimits, PendingBatch
from anabranch.records import Encoder
from anabranch.records.batch import Batch
from anabranch.v1.record_pb2 import FrameHeader


class EmitError(Exception):
    """A record could not be handed to the consumer of an edge. What went wrong is the `__cause__`.

    Attributes:
        record: The record.
        consumer: Name of the consumer.
        is_of_partition_by: Whether the partition function of the edge has failed.
    """

    def __init__(self, record: Any, consumer: str, *, is_of_partition_by: bool = False) -> None:
        super().__init__(f"a record cannot be handed to operator {consumer}")
        self.record = record
        self.consumer = consumer
        self.is_of_partition_by = is_of_partition_by


class EdgeWriter:
    """All channels of one edge.

    `emit` may block the task: it returns only once no channel holds more than the send queue may.
    """

    def __init__(
        self,
        edge: int,
        channels: Sequence[OutgoingChannel],
        partitioner: Partitioner,
        encoder: Encoder,
        *,
        broadcast: bool,
        carries_keys: bool,
        consumer: str,
        limits: BatchLimits,
        wait_until: Callable[[Callable[[], bool]], None],
    ) -> None:
        self.edge = edge
        self.channels = channels
        self.consumer = consumer
        self._pending = [PendingBatch(channels)] if broadcast else [PendingBatch([channel]) for channel in channels]
        self._partitioner = partitioner
        self._encoder = encoder
        self._broadcast = broadcast
        self._carries_keys = carries_keys
        self._limits = limits
        self._wait_until = wait_until

    def emit(self, batch: Batch) -> None:
        """Takes a batch; cuts and sends every frame that becomes full.

        Raises:
            EmitError: A record cannot be encoded for the consumer, or the partition function failed.
            TaskCancelled: The task was cancelled while it waited for room.
        """
        try:
            parts = self._partitioner.split(batch)
        except PartitionError as error:
            raise EmitError(error.record, self.consumer, is_of_partition_by=True) from error.__cause__
        for pending, part in zip(self._pending, parts, strict=True):
            pending.add(part)
            if pending.size >= pending.limit:
                self._cut_full(pending)

    def flush(self) -> None:
        """Cuts and sends what is pending."""
        for pending in self._pending:
            self._cut_full(pending)
            if pending.size:
                self._cut(pending, pending.take(pending.size))

    def end(self) -> None:
        """Flushes and sends the end of input on every channel."""
        self.flush()
        for channel in self.channels:
            channel.send_end()

    @property
    def next_channel(self) -> int | None:
        """The channel that a rebalancing edge uses next; None for an edge that does not rebalance."""
        return self._partitioner.next if isinstance(self._partitioner, Rebalance) else None

    def go_on_with(self, channel: int) -> None:
        """Lets a rebalancing edge continue with this channel."""
        if isinstance(self._partitioner, Rebalance):
            self._partitioner.next = channel

    @property
    def full(self) -> bool:
        """True while a channel holds more than the send queue may, or has sent as much as its consumer wants."""
        limit = self._limits.send_queue_bytes
        return any(channel.queued_bytes > limit or channel.demand.exhausted for channel in self.channels)

    def _cut_full(self, pending: PendingBatch) -> None:
        while pending.size >= pending.limit:
            self._cut(pending, pending.take(pending.limit))

    def _cut(self, pending: PendingBatch, batch: Batch) -> None:
        values = batch.values
        try:
            payload, schemas = self._encoder.encode(values, batch.keys if self._carries_keys else None)
        except RecordError as error:
            raise EmitError(values[error.index], self.consumer) from error
        header = FrameHeader(n_records=len(values), has_keys=self._carries_keys, schemas=schemas)
        overhead = header.ByteSize() + 64  # lengths, and the numbers that the channel adds
        if len(payload) + overhead > self._limits.max_frame_bytes:
            self._cut_in_halves(pending, batch, len(payload))
            return
        pending.learn(len(values), len(payload), self._limits)
        for channel in pending.channels:
            copy = header
            if self._broadcast:
                copy = FrameHeader()
                copy.CopyFrom(header)
            channel.send(copy, payload)
        if self.full:
            self._wait_until(lambda: not self.full)

    def _cut_in_halves(self, pending: PendingBatch, batch: Batch, n_bytes: int) -> None:
        n = len(batch)
        if n == 1:
            error = RecordError(
                f"it takes {n_bytes} bytes, a frame may have {self._limits.max_frame_bytes} "
                "(option anabranch.exchange.max-frame-bytes)",
                index=0,
            )
            raise EmitError(batch.values[0], self.consumer) from error
        self._cut(pending, batch.slice(0, n // 2))
        self._cut(pending, batch.slice(n // 2, n))
