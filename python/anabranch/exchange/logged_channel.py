"""An outgoing channel of a job with recovery: keeps what it has sent, for a consumer that comes back."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from anabranch.errors import ExchangeError
from anabranch.exchange.demand import ConsumerDemand
from anabranch.exchange.frames import encoded_frame_head
from anabranch.exchange.reactor import READ, WRITE, Reactor
from anabranch.recovery.inflight_log import InFlightLog
from anabranch.v1.control_pb2 import ChannelPosition
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, EndOfInput, FrameHeader, LogDelta

_MAX_BUFFERS_PER_WRITE = 64
_BYTES_PER_WRITE = 64 << 10


class LoggedOutputChannel:
    """Sends frames to one consumer, any incarnation of it, from the position that it asks for.

    Every frame goes into the in-flight log and is sent from there; while there is no consumer it stays there, and
    nobody waits for it.
    """

    def __init__(
        self,
        position: ChannelPosition,
        reactor: Reactor,
        incarnation: int,
        log: InFlightLog,
        *,
        epoch: Callable[[], int],
        deltas: Callable[[], list[LogDelta]],
        on_consumer: Callable[[ConnectRequest], None],
    ) -> None:
        """Makes a channel that goes on from a position.

        Args:
            position: What went before on the channel.
            reactor: The task's.
            incarnation: The task's.
            log: An empty log for this channel.
            epoch: Returns the task's epoch.
            deltas: Returns the determinants that this channel has not carried yet.
            on_consumer: Called for each consumer that comes, also for one that comes again.
        """
        self.channel = position.channel
        self.queued_bytes = 0
        self.demand = ConsumerDemand()
        self._reactor = reactor
        self._incarnation = incarnation
        self._log = log
        self._epoch = epoch
        self._deltas = deltas
        self._on_consumer = on_consumer
        self._records = position.records
        self._controls = position.controls
        # Of each frame in the log: the position behind it, and its bytes.
        self._ends: deque[tuple[int, int, int]] = deque()
        self._next_to_send = 0
        self._buffers: deque[bytes | memoryview] = deque()
        self._received = (0, 0)  # where the consumer went on from
        self._sock: socket.socket | None = None
        self._interest = 0
        self._consumer_incarnation = -1
        self._end_sent = False
        self._acknowledged = False

    @property
    def connected(self) -> bool:
        """True once a consumer has come."""
        return self._consumer_incarnation >= 0

    @property
    def finished(self) -> bool:
        """True once a consumer has acknowledged the end of input, or has had it of an incarnation before this one."""
        return self._acknowledged or (self._end_sent and (self._records, self._controls) <= self._received)

    @property
    def queued_frames(self) -> int:
        """Frames that the socket has not taken."""
        return self._log.next_seq - self._next_to_send if self._sock is not None else 0

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
        self._disconnect()
        self._on_consumer(request)
        self._sock = sock
        self._consumer_incarnation = request.incarnation
        self._received = position
        self.demand.begin(request, self._records)
        self._next_to_send = first
        self.queued_bytes = sum(size for _, _, size in islice(self._ends, first - self._log.first_seq, None))
        self._watch(READ | WRITE)
        return ConnectReply(status=ConnectReply.STATUS_OK, incarnation=self._incarnation)

    def send(self, header: FrameHeader, payload: bytes) -> None:
        """Completes the header with the channel's own numbers, keeps the frame and sends it if somebody is there."""
        header.channel = self.channel
        header.seq = self._log.next_seq
        header.first_record_seq = self._records
        header.first_control_seq = self._controls
        header.incarnation = self._incarnation
        header.epoch = self._epoch()
        self._records += header.n_records
        self.demand.sent(self._records)
        self._controls += 0 if header.WhichOneof("control") is None else 1
        size = len(payload) + 64
        seq = header.seq
        encoded = self._log.append(header, payload)
        self._ends.append((self._records, self._controls, size))
        if (self._records, self._controls) <= self._received:
            self._next_to_send = seq + 1  # the consumer has it, of an incarnation before this one
        elif self._sock is not None:
            self.queued_bytes += size
            if self._next_to_send == seq and not self._buffers:
                self._take(seq, encoded, payload)
                self._write()

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
        self._disconnect()
        self._log.close()

    def _refuse(self, status: ConnectReply.Status, message: str) -> ConnectReply:
        return ConnectReply(status=status, incarnation=self._incarnation, message=message)

    def _first_behind(self, position: tuple[int, int]) -> int | None:
        """Returns the number of the first frame that ends behind a position; None if there was one that is gone."""
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

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
        if events & READ and self._sock is not None:
            self._read()

    def _read(self) -> None:
        assert self._sock is not None  # noqa: S101 - the callback is registered on it
        try:
            data = self._sock.recv(4096)
            self.demand.feed(data)
        except BlockingIOError:
            return
        except (ExchangeError, OSError):
            data = b""
        if not data:
            sent_all = not self._buffers and self._next_to_send == self._log.next_seq
            self._acknowledged = self._acknowledged or (self._end_sent and sent_all)
            self._disconnect()

    def _write(self) -> None:
        assert self._sock is not None  # noqa: S101 - callers have checked
        while True:
            if not self._buffers:
                self._refill()
                if not self._buffers:
                    break
            try:
                sent = self._sock.sendmsg(list(islice(self._buffers, _MAX_BUFFERS_PER_WRITE)))
            except BlockingIOError:
                break
            except OSError:
                self._disconnect()
                return
            self._drop_sent(sent)
        self._watch(READ | WRITE if self._buffers else READ)

    def _refill(self) -> None:
        """Takes the next frames of the log to be written: one large one, or several small ones."""
        n_bytes = 0
        frames: Iterator[tuple[FrameHeader, bytes]] = self._log.frames_from(self._next_to_send)
        for header, payload in islice(frames, _MAX_BUFFERS_PER_WRITE // 2):
            self._take(header.seq, header.SerializeToString(), payload)
            n_bytes += len(payload)
            if n_bytes >= _BYTES_PER_WRITE:
                break

    def _take(self, seq: int, header: bytes, payload: bytes) -> None:
        # What the task has logged up to now goes ahead of the frame: all that was logged before it was cut, and maybe
        # more. Two encoded messages, one behind the other, are both of them merged.
        deltas = self._deltas()
        if deltas:
            header += FrameHeader(deltas=deltas).SerializeToString()
        self._buffers.append(encoded_frame_head(header, len(payload)))
        if payload:
            self._buffers.append(payload)
        self.queued_bytes -= self._ends[seq - self._log.first_seq][2]
        self._next_to_send = seq + 1

    def _watch(self, events: int) -> None:
        if self._sock is not None and events != self._interest:
            self._interest = events
            self._reactor.register(self._sock, events, self._on_ready)

    def _drop_sent(self, sent: int) -> None:
        while sent:
            first = self._buffers[0]
            if sent < len(first):
                self._buffers[0] = memoryview(first)[sent:]
                break
            sent -= len(first)
            self._buffers.popleft()

    def _disconnect(self) -> None:
        if self._sock is not None:
            self._reactor.unregister(self._sock)
            self._sock.close()
            self._sock = None
            self._interest = 0
            self.demand.end()
        self._buffers.clear()
        self.queued_bytes = 0
