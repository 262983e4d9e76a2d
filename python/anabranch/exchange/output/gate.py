"""The output side of a task: partitions, batches, encodes and sends what its chain emits."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from anabranch.errors import RecordError
from anabranch.exchange.output.partitioners import Partitioner, PartitionError, Rebalance
from anabranch.exchange.output.pending_batch import PendingBatch
from anabranch.exchange.wire.demand import ConsumerDemand
from anabranch.records import Encoder
from anabranch.records.batch import Batch
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, FrameHeader


@dataclass(frozen=True)
class BatchLimits:
    """When a batch is cut and when a channel is full (options anabranch.batch.*, anabranch.exchange.*)."""

    max_records: int
    max_bytes: int
    max_frame_bytes: int
    send_queue_bytes: int


class OutgoingChannel(Protocol):
    """What a channel of an output gate does."""

    channel: int
    queued_bytes: int
    demand: ConsumerDemand

    @property
    def connected(self) -> bool:
        """True once a consumer has come."""

    @property
    def finished(self) -> bool:
        """True once the consumer has acknowledged the end of input."""

    @property
    def queued_frames(self) -> int:
        """Frames that the socket has not taken."""

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        """Takes the consumer's connection, or says why not."""

    def send(self, header: FrameHeader, payload: bytes) -> None:
        """Completes the header and sends or keeps the frame."""

    def send_end(self) -> None:
        """Sends the end of input; nothing may follow."""

    def close(self) -> None:
        """Closes the connection, if there is one."""


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


class OutputEdge:
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


class OutputGate:
    """All output edges of a task."""

    def __init__(self, edges: Sequence[OutputEdge]) -> None:
        self.edges = edges
        self._channels = {channel.channel: channel for edge in edges for channel in edge.channels}

    @property
    def full(self) -> bool:
        """True while the task may not take more input."""
        return any(edge.full for edge in self.edges)

    @property
    def connected(self) -> bool:
        """True once every consumer has come."""
        return all(channel.connected for channel in self._channels.values())

    @property
    def finished(self) -> bool:
        """True once every consumer has acknowledged the end of input."""
        return all(channel.finished for channel in self._channels.values())

    @property
    def queued_frames(self) -> int:
        """Frames that the sockets have not taken."""
        # Of many channels few have any, and this is asked for often.
        return sum([channel.queued_frames for channel in self._channels.values() if channel.queued_bytes])

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        """Hands a consumer's connection to its channel."""
        channel = self._channels.get(request.channel)
        if channel is None:
            return ConnectReply(
                status=ConnectReply.STATUS_UNKNOWN_CHANNEL, message=f"no channel {request.channel} here"
            )
        return channel.admit(request, sock)

    @property
    def next_of_edge(self) -> dict[int, int]:
        """By edge, the channel that a rebalancing edge uses next."""
        return {edge.edge: edge.next_channel for edge in self.edges if edge.next_channel is not None}

    def restore(self, next_of_edge: Mapping[int, int]) -> None:
        """Lets rebalancing edges continue where they were."""
        for edge in self.edges:
            if edge.edge in next_of_edge:
                edge.go_on_with(next_of_edge[edge.edge])

    def flush(self) -> None:
        """Sends everything that is pending."""
        for edge in self.edges:
            edge.flush()

    def end(self) -> None:
        """Sends the end of input to every consumer."""
        for edge in self.edges:
            edge.end()

    def close(self) -> None:
        """Closes every connection."""
        for channel in self._channels.values():
            channel.close()
