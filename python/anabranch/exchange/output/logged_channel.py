"""An outgoing channel of a job with recovery: keeps what it has sent, for a consumer that comes back."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.output.channel_socket import MAX_BUFFERS_PER_WRITE, ChannelSocket
from anabranch.exchange.wire.demand import ConsumerDemand
from anabranch.exchange.wire.frames import encoded_frame_head
from anabranch.exchange.wire.log_transfer import LogReceiver
from anabranch.replay.inflight_log import InFlightLog
from anabranch.v1.control_pb2 import ChannelPosition
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, EndOfInput, FrameHeader, LogDelta

_BYTES_PER_WRITE = 64 << 10
_LENGTHS = 8


class ChannelLogs(Protocol):
    """What a channel shares of the determinant logs of its task."""

    @property
    def epoch(self) -> int:
        """The task's epoch."""

    @property
    def wanted(self) -> ConnectReply | None:
        """What to ask a consumer for that comes now, in the fields `wants_logs` and `wanted_tasks`; None: nothing."""

    def begin(self) -> None:
        """A consumer has come: what was on its way to it may be lost."""

    def deltas(self) -> tuple[list[LogDelta], bool]:
        """Returns what is due, as much as goes into a frame, and takes it as sent; and whether more is due."""

    @property
    def due_bytes(self) -> int:
        """How many bytes of the task's own determinants are due, about."""

    def merge(self, delta: LogDelta) -> None:
        """Takes a part of a log that the consumer holds."""


class LoggedOutputChannel:
    """Sends frames to one consumer, any incarnation of it, from the position that it asks for.

    Every frame goes into the in-flight log and is sent from there; while there is no consumer it stays there, and
    nobody waits for it.
    """

    def __init__(
        self,
        position: ChannelPosition,
        event_loop: EventLoop,
        incarnation: int,
        log: InFlightLog,
        *,
        logs: ChannelLogs,
        max_frame_bytes: int,
    ) -> None:
        """Creates a channel that resumes from a position.

        Args:
            position: What went before on the channel.
            event_loop: The task's.
            incarnation: The task's.
            log: An empty log for this channel.
            logs: The determinant logs of the task.
            max_frame_bytes: Bytes of a frame, at most.
        """
        self.channel = position.channel
        self.queued_bytes = 0
        self.demand = ConsumerDemand()
        self._socket = ChannelSocket(position.channel, event_loop, self)
        self._incarnation = incarnation
        self._log = log
        self._logs = logs
        self._max_frame_bytes = max_frame_bytes
        self._receiver: LogReceiver | None = None  # while the consumer still sends the logs it was asked for
        self._records = position.records
        self._controls = position.controls
        # Of each frame in the log: the position after it, and its bytes.
        self._ends: deque[tuple[int, int, int]] = deque()
        self._next_to_send = 0
        self._due_bytes = 0  # of determinants, as far as they are among the queued bytes
        self._buffers: deque[bytes | memoryview] = deque()
        self._received = (0, 0)  # where the consumer resumed from
        self._consumer_incarnation = -1
        self._connected = False
        self._end_sent = False
        self._acknowledged = False

    @property
    def connected(self) -> bool:
        """True once a consumer has come and has sent the logs it was asked for."""
        return self._connected

    @property
    def finished(self) -> bool:
        """True once a consumer has acknowledged the end of input, or has had it of an incarnation before this one."""
        return self._acknowledged or (self._end_sent and (self._records, self._controls) <= self._received)

    @property
    def queued_frames(self) -> int:
        """Frames that the socket has not taken."""
        return self._log.next_seq - self._next_to_send if self._socket.is_open else 0

    @property
    def position(self) -> ChannelPosition:
        """What went on the channel so far."""
        return ChannelPosition(channel=self.channel, records=self._records, controls=self._controls)

    @property
    def behind_consumer(self) -> bool:
        """True while the consumer has, of an incarnation before this one, what is not yet produced again."""
        return (self._records, self._controls) < self._received

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        """Takes the consumer's connection, or says why not."""
        if request.incarnation < self._consumer_incarnation or request.producer_incarnation != self._incarnation:
            return self._refuse(ConnectReply.STATUS_FENCED, "incarnation is out of date")
        position = (request.next_record_seq, request.next_control_seq)
        first = self._first_behind(position)
        if first is None:
            return self._refuse(ConnectReply.STATUS_GONE, f"what follows {position} is not held any more")
        self._socket.open(sock)
        self._logs.begin()
        reply = ConnectReply(status=ConnectReply.STATUS_OK, incarnation=self._incarnation)
        wanted = self._logs.wanted
        if wanted is not None:
            reply.MergeFrom(wanted)
            self._receiver = LogReceiver(self._max_frame_bytes)
        else:
            self._connected = True
        self._consumer_incarnation = request.incarnation
        self._received = position
        self.demand.begin(request, self._records)
        self._next_to_send = first
        self.queued_bytes = sum(size for _, _, size in islice(self._ends, first - self._log.first_seq, None))
        return reply

    def send(self, header: FrameHeader, payload: bytes) -> None:
        """Completes the header with the channel's own numbers, keeps the frame and sends it if somebody is there."""
        header.channel = self.channel
        header.seq = self._log.next_seq
        header.first_record_seq = self._records
        header.first_control_seq = self._controls
        header.incarnation = self._incarnation
        header.epoch = self._logs.epoch
        self._records += header.n_records
        self.demand.sent(self._records)
        self._controls += 0 if header.WhichOneof("control") is None else 1
        size = len(payload) + 64
        seq = header.seq
        encoded = self._log.append(header, payload)
        self._ends.append((self._records, self._controls, size))
        if (self._records, self._controls) <= self._received:
            self._next_to_send = seq + 1  # the consumer has it, of an incarnation before this one
        elif self._socket.is_open:
            self.queued_bytes += size
            if self._next_to_send == seq and not self._buffers and self._receiver is None:
                self._take(seq, encoded, payload)
                self._socket.write()
            if self._next_to_send <= seq:
                self._count_due()

    def send_end(self) -> None:
        """Sends the end of input; nothing may follow."""
        self._end_sent = True
        self.send(FrameHeader(end_of_input=EndOfInput()), b"")

    def drop_before(self, epoch: int) -> None:
        """Forgets the frames of all epochs before this one."""
        first = self._log.first_seq
        self._log.drop_before(epoch)
        for _ in range(self._log.first_seq - first):
            self._ends.popleft()

    def close(self) -> None:
        """Closes the connection, if there is one, and forgets every frame."""
        self._socket.disconnect()
        self._log.close()

    def _refuse(self, status: ConnectReply.Status, message: str) -> ConnectReply:
        return ConnectReply(status=status, incarnation=self._incarnation, message=message)

    def _first_behind(self, position: tuple[int, int]) -> int | None:
        """Returns the number of the first frame that ends after a position; None if there was one that is gone."""
        seq = self._log.first_seq
        if self._ends:
            header, _ = next(self._log.frames_from(seq))
            if (header.first_record_seq, header.first_control_seq) > position:
                return None
        for records, controls, _ in self._ends:
            if (records, controls) > position:
                return seq
            seq += 1
        return seq

    # ------------------------------------------------------------------ called by the socket

    def to_write(self) -> Sequence[bytes | memoryview]:  # noqa: D102
        if not self._buffers:
            self._refill()
        return list(islice(self._buffers, MAX_BUFFERS_PER_WRITE))

    def wrote(self, n_bytes: int) -> None:  # noqa: D102
        self.queued_bytes -= n_bytes
        while n_bytes:
            first = self._buffers[0]
            if n_bytes < len(first):
                self._buffers[0] = memoryview(first)[n_bytes:]
                break
            n_bytes -= len(first)
            self._buffers.popleft()

    def received(self, data: bytes) -> None:  # noqa: D102
        if self._receiver is not None:
            self._take_logs(self._receiver, data)
        else:
            self.demand.feed(data)

    def hung_up(self) -> None:  # noqa: D102
        sent_all = self._receiver is None and not self._buffers and self._next_to_send == self._log.next_seq
        if self._end_sent and sent_all:
            self._acknowledged = True

    def disconnected(self) -> None:  # noqa: D102
        self.demand.end()
        self._receiver = None
        self._buffers.clear()
        self.queued_bytes = self._due_bytes = 0

    # ------------------------------------------------------------------ from the log to the socket

    def _take_logs(self, receiver: LogReceiver, data: bytes) -> None:
        for delta in receiver.feed(data):
            self._logs.merge(delta)
        if receiver.done:
            self._receiver = None
            self._connected = True
            self.demand.feed(receiver.rest)
            self._socket.write()

    def _refill(self) -> None:
        """Takes the next frames of the log to be written: one large one, or several small ones."""
        if self._receiver is not None:
            return  # the consumer reads nothing before it has told all
        n_bytes = 0
        for header, payload in islice(self._log.frames_from(self._next_to_send), MAX_BUFFERS_PER_WRITE // 2):
            n_bytes += self._take(header.seq, header.SerializeToString(), payload)
            if n_bytes >= _BYTES_PER_WRITE or self._next_to_send == header.seq:
                break

    def _take(self, seq: int, header: bytes, payload: bytes) -> int:
        """Takes a frame to be written, or, where more determinants are due than go along with it, some of those.

        Returns:
            How many bytes there are to write.
        """
        # What the task has logged up to now goes ahead of the frame: all that was logged before it was cut, and maybe
        # more. Two encoded messages, one after the other, are both of them merged.
        deltas, more = self._logs.deltas()
        self._count_due()
        if deltas:
            encoded = FrameHeader(deltas=deltas).SerializeToString()
            if more or len(header) + len(encoded) + len(payload) > self._max_frame_bytes - _LENGTHS:
                alone = FrameHeader(
                    channel=self.channel, seq=seq, incarnation=self._incarnation, epoch=self._logs.epoch
                )
                self._queue(encoded_frame_head(alone.SerializeToString() + encoded, 0))
                return len(encoded)
            header += encoded
        self.queued_bytes -= self._ends[seq - self._log.first_seq][2]
        self._queue(encoded_frame_head(header, len(payload)))
        if payload:
            self._queue(payload)
        self._next_to_send = seq + 1
        return len(header) + len(payload)

    def _queue(self, data: bytes) -> None:
        self._buffers.append(data)
        self.queued_bytes += len(data)

    def _count_due(self) -> None:
        # A task that waits for room has to wait for its determinants too: a frame does not go ahead of them.
        due = self._logs.due_bytes
        self.queued_bytes += due - self._due_bytes
        self._due_bytes = due
