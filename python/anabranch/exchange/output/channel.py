"""One outgoing channel: numbers the frames, queues what the socket does not take, serves one consumer."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from itertools import islice

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.output.channel_socket import MAX_BUFFERS_PER_WRITE, ChannelSocket
from anabranch.exchange.wire.demand import ConsumerDemand
from anabranch.exchange.wire.frames import frame_head
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, EndOfInput, FrameHeader


class OutputChannel:
    """Sends frames to one consumer. Frames wait in a queue until the consumer has come and takes them."""

    def __init__(self, channel: int, event_loop: EventLoop, incarnation: int) -> None:
        self.channel = channel
        self.queued_bytes = 0
        self.demand = ConsumerDemand()
        self._socket = ChannelSocket(channel, event_loop, self)
        self._incarnation = incarnation
        self._next_seq = 0
        self._next_record_seq = 0
        self._queue: deque[bytes | memoryview] = deque()
        self._first_queued_seq = 0  # of the frames that no consumer has been sent a byte of
        self._unsent_frames: deque[int] = deque()  # number of queue entries of each queued frame
        self._partly_sent = False
        self._consumer_incarnation = -1
        self._end_sent = False
        self._acknowledged = False

    @property
    def connected(self) -> bool:
        """True once the consumer has come."""
        return self._consumer_incarnation >= 0

    @property
    def finished(self) -> bool:
        """True once the consumer has acknowledged the end of input."""
        return self._acknowledged

    @property
    def queued_frames(self) -> int:
        """Frames that the socket has not taken whole."""
        return len(self._unsent_frames)

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        """Takes the consumer's connection, or says why not."""
        if request.incarnation < self._consumer_incarnation or request.producer_incarnation != self._incarnation:
            return self._refuse(ConnectReply.STATUS_FENCED, "incarnation is out of date")
        if self._socket.is_open and request.incarnation == self._consumer_incarnation:
            return self._refuse(ConnectReply.STATUS_FENCED, "this consumer is connected already")
        if request.next_seq != self._first_queued_seq or self._partly_sent:
            return self._refuse(
                ConnectReply.STATUS_GONE,
                f"frame {request.next_seq} was asked for, frames from {self._first_queued_seq} on are held",
            )
        self._socket.open(sock)
        self._consumer_incarnation = request.incarnation
        self.demand.begin(request, self._next_record_seq)
        return ConnectReply(status=ConnectReply.STATUS_OK, incarnation=self._incarnation)

    def send(self, header: FrameHeader, payload: bytes) -> None:
        """Completes the header with the channel's own numbers and sends or queues the frame."""
        header.channel = self.channel
        header.seq = self._next_seq
        header.first_record_seq = self._next_record_seq
        header.incarnation = self._incarnation
        self._next_seq += 1
        self._next_record_seq += header.n_records
        self.demand.sent(self._next_record_seq)
        head = frame_head(header, len(payload))
        entries: tuple[bytes, ...] = (head, payload) if payload else (head,)
        was_empty = not self._queue
        self._queue.extend(entries)
        self._unsent_frames.append(len(entries))
        self.queued_bytes += len(head) + len(payload)
        if was_empty:
            self._socket.write()

    def send_end(self) -> None:
        """Sends the end of input; nothing may follow."""
        self._end_sent = True
        self.send(FrameHeader(end_of_input=EndOfInput()), b"")

    def close(self) -> None:
        """Closes the connection, if there is one."""
        self._socket.disconnect()

    def _refuse(self, status: ConnectReply.Status, message: str) -> ConnectReply:
        return ConnectReply(status=status, incarnation=self._incarnation, message=message)

    # ------------------------------------------------------------------ called by the socket

    def to_write(self) -> Sequence[bytes | memoryview]:  # noqa: D102
        return list(islice(self._queue, MAX_BUFFERS_PER_WRITE))

    def received(self, data: bytes) -> None:  # noqa: D102
        self.demand.feed(data)

    def hung_up(self) -> None:  # noqa: D102
        if self._end_sent and not self._queue:
            self._acknowledged = True

    def disconnected(self) -> None:  # noqa: D102
        self.demand.end()

    def wrote(self, n_bytes: int) -> None:  # noqa: D102
        self.queued_bytes -= n_bytes
        while n_bytes:
            first = self._queue[0]
            self._partly_sent = True
            if n_bytes < len(first):
                self._queue[0] = memoryview(first)[n_bytes:]
                break
            n_bytes -= len(first)
            self._queue.popleft()
            self._unsent_frames[0] -= 1
            if self._unsent_frames[0] == 0:
                self._partly_sent = False
                self._unsent_frames.popleft()
                self._first_queued_seq += 1
