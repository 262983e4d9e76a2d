"""One channel of an input gate: dials its producer and receives its frames."""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from anabranch.errors import ExchangeError
from anabranch.exchange.event_loop import READ, WRITE, EventLoop
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.bad_connections import BadConnections
from anabranch.exchange.wire.demand import FIRST_WINDOW, MOST_RECORDS, Rate, encode_demand
from anabranch.exchange.wire.frames import Frame, FrameReader
from anabranch.exchange.wire.handshake import ConsumerHandshake, UnprovenError
from anabranch.exchange.wire.shortage import Shortage
from anabranch.v1.control_pb2 import Endpoint, UnreadFrame
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, Demand

logger = logging.getLogger(__name__)

_RETRY_DELAY = 0.05


def unread_frame(frame: Frame, skip: int) -> UnreadFrame:
    """Returns a frame as a snapshot holds it, of which so many records at the beginning are not to be handled."""
    unread = UnreadFrame(header=frame.header, payload=frame.payload, skip=skip)
    unread.header.ClearField("deltas")
    return unread


@dataclass(frozen=True)
class ConsumerIdentity:
    """Who dials: what every connection of one task has in common."""

    job_id: str
    token: bytes = field(repr=False)
    incarnation: int


class ChannelHost(Protocol):
    """The gate, as its channels see it."""

    event_loop: EventLoop
    transport: Transport
    identity: ConsumerIdentity
    rate: Rate
    shortage: Shortage
    impostors: BadConnections

    def opened(self, channel: InputChannel) -> None:
        """Called by a channel whose handshake is done."""

    def mark_ready(self, channel: InputChannel) -> None:
        """Called when a channel may have something to read."""


class InputChannel:
    """Receives the frames of one producing task, in order and without a gap.

    connect() -> dialling -> shaking hands -> open -> ended
                    ^______________|            |
                    '------- lost (waits for the next connect())
    """

    def __init__(self, channel: int, edge: int, max_frame_bytes: int) -> None:
        self.channel = channel
        self.edge = edge
        self.ended = False
        self.skip = 0  # records at the beginning of the frame taken last that have been received before
        self.blocked = False  # nothing is taken from it, for it is ahead of others
        self.barrier_ahead = 0  # the newest among the frames that were read ahead
        self.read_to_end = False  # the end of input is among them
        self.ahead_bytes = 0
        self._ahead: deque[UnreadFrame] = deque()
        self._reader = FrameReader(max_frame_bytes)
        self._max_frame_bytes = max_frame_bytes
        self._next_seq = 0
        self._next_record_seq = 0
        self._target: tuple[Endpoint, int] | None = None  # where the producer is, and its incarnation
        self._sock: socket.socket | None = None
        self._stream_open = False
        self._window = FIRST_WINDOW
        self._until = 0  # how far the producer may go
        self._demanded_at = 0  # how many records had come when it was told
        self._unsent_demand = b""

    @property
    def received(self) -> int:
        """How many records have come, in all."""
        return self._next_record_seq

    def connect(self, gate: ChannelHost, endpoint: Endpoint, producer_incarnation: int) -> None:
        """Dials the producer, again and again until it answers; an endpoint named before is given up."""
        self._target = (endpoint, producer_incarnation)
        self._dial(gate)

    def _dial(self, gate: ChannelHost) -> None:
        assert self._target is not None  # noqa: S101 - `connect` has set it
        endpoint, producer_incarnation = self._target
        self.close(gate.event_loop)
        self._reader = FrameReader(self._max_frame_bytes)
        try:
            sock = gate.transport.dial(endpoint)
        except OSError as error:
            gate.shortage.met(error)
            self._dial_later(gate, error)
            return
        gate.shortage.over()
        self._sock = sock
        request = self._request(gate.identity, producer_incarnation)
        self._demanded_at, self._unsent_demand = self.received, b""
        self._until = self.received + self._window
        request.demand.CopyFrom(Demand(until=self._until, frame_records=gate.rate.frame_records))
        handshake = ConsumerHandshake(gate.identity.token, endpoint.nonce, request)
        self._send(gate, handshake.opening, lambda: self._await_reply(gate, handshake))

    def _await_reply(self, gate: ChannelHost, handshake: ConsumerHandshake) -> None:
        assert self._sock is not None  # noqa: S101 - the opening was sent on it
        sock = self._sock
        gate.event_loop.register(sock, READ, lambda _events: self._on_reply(gate, handshake, sock))

    def _send(self, gate: ChannelHost, data: bytes, then: Callable[[], None]) -> None:
        """Sends bytes as the socket takes them, and goes on with `then`; dials again if the connection breaks."""
        assert self._sock is not None  # noqa: S101 - callers have one
        sock, unsent = self._sock, memoryview(data)

        def on_writable(_events: int) -> None:
            nonlocal unsent
            if self._sock is not sock:  # it was given up in this very poll
                return
            try:
                unsent = unsent[sock.send(unsent) :]
            except BlockingIOError:
                return
            except OSError as error:
                self._dial_later(gate, error)
                return
            if not unsent:
                then()

        gate.event_loop.register(sock, WRITE, on_writable)
        on_writable(WRITE)  # most sockets take it at once, and a busy task polls rarely

    def _dial_later(self, gate: ChannelHost, error: object) -> None:
        """Tries again in a moment, unless another endpoint is named before."""
        logger.debug("channel %d: %s; trying again", self.channel, error)
        self.close(gate.event_loop)
        target = self._target

        def retry() -> None:
            if self._target is target:
                self._dial(gate)

        gate.event_loop.call_later(_RETRY_DELAY, retry)

    def take(self, gate: ChannelHost) -> Frame | None:
        """Returns the next frame if it has arrived whole; reads from the socket only if it has not.

        Raises:
            ExchangeError: The producer broke the protocol.
        """
        if self._ahead:
            unread = self._ahead.popleft()
            self.skip = unread.skip
            self.ahead_bytes -= len(unread.payload)
            return Frame(unread.header, unread.payload)
        return self._receive(gate)

    def read_ahead(self, gate: ChannelHost, most_bytes: int) -> int:
        """Reads what has arrived, up to the end of input or about so many bytes; returns how many were read."""
        n_bytes = 0
        while not self.read_to_end and n_bytes < most_bytes:
            frame = self._receive(gate)
            if frame is None:
                break
            n_bytes += len(frame.payload)
            self.put_ahead(unread_frame(frame, self.skip))
        return n_bytes

    def put_ahead(self, unread: UnreadFrame) -> None:
        """Adds a frame to those that `take` returns before it receives more."""
        self._ahead.append(unread)
        self.ahead_bytes += len(unread.payload)
        kind = unread.header.WhichOneof("control")
        if kind == "barrier":
            self.barrier_ahead = unread.header.barrier.number
        self.read_to_end = self.read_to_end or kind == "end_of_input"

    def restore(self, unread: UnreadFrame) -> None:
        """Takes a frame that an incarnation before this one has received and not handled."""
        self.put_ahead(unread)

    @property
    def ahead(self) -> Iterable[UnreadFrame]:
        """What was read ahead and not taken yet."""
        return self._ahead

    def _receive(self, gate: ChannelHost) -> Frame | None:
        while self._stream_open:
            frame = self._reader.next()
            if frame is not None:
                if self._accept(frame):
                    return frame
                continue
            assert self._sock is not None  # noqa: S101 - an open stream has a socket
            try:
                more = self._reader.receive(self._sock)
            except BlockingIOError:
                return None
            except OSError as error:
                logger.debug("channel %d: %s", self.channel, error)
                more = False
            if not more:  # the producer is gone; the job master decides what happens
                self.close(gate.event_loop)
        return None

    def demand(self, gate: ChannelHost, window: int) -> None:
        """Tells the producer that so many records may lie ahead of the task, unless it knows about.

        The window grows only by what was taken: a task finds out after some records that its own consumer is slow, and
        should not have filled its buffers before.
        """
        received = self.received
        window = min(window, self._window + received - self._demanded_at)
        left = self._until - received
        if 2 * left < window or left > 2 * window:
            self._demand(gate, window)

    def demand_more(self, gate: ChannelHost) -> None:
        """Has the producer go twice as far: what the task waits for may be behind what it does not read."""
        self._demand(gate, min(MOST_RECORDS, 2 * max(self._window, self._until - self.received)))

    def _demand(self, gate: ChannelHost, window: int) -> None:
        self._window, self._demanded_at = window, self.received
        self._until = self.received + window
        self._send_demand(gate, encode_demand(self._until, gate.rate.frame_records))

    def _send_demand(self, gate: ChannelHost, message: bytes) -> None:
        """Sends what the socket takes, and the rest in a moment."""
        if not self._stream_open or self._sock is None:
            return
        if self._unsent_demand:
            self._unsent_demand += message
            return
        try:
            sent = self._sock.send(message)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the next read finds the connection broken
        if sent == len(message):
            return
        self._unsent_demand = message[sent:]

        def again() -> None:
            rest, self._unsent_demand = self._unsent_demand, b""
            if rest:
                self._send_demand(gate, rest)

        gate.event_loop.call_later(_RETRY_DELAY, again)

    def end(self, event_loop: EventLoop) -> None:
        """Acknowledges the end of input by closing the connection."""
        self.ended = True
        self.close(event_loop)

    def close(self, event_loop: EventLoop) -> None:
        """Closes the connection, if there is one."""
        self._stream_open = False
        if self._sock is not None:
            event_loop.unregister(self._sock)
            self._sock.close()
            self._sock = None

    def pause(self, event_loop: EventLoop) -> None:
        """Stops `poll` from reporting this channel."""
        if self._stream_open and self._sock is not None:
            event_loop.unregister(self._sock)

    def resume(self, gate: ChannelHost) -> None:
        """Undoes `pause`."""
        if self._stream_open and self._sock is not None:
            gate.event_loop.register(self._sock, READ, lambda _events: gate.mark_ready(self))

    def _on_reply(self, gate: ChannelHost, handshake: ConsumerHandshake, sock: socket.socket) -> None:
        if self._sock is not sock:
            return
        reply = None
        try:
            while reply is None:
                data = sock.recv(handshake.wanted)
                if not data:
                    self._dial_later(gate, "the connection was closed before the producer has answered")
                    return
                reply = handshake.feed(data)
        except BlockingIOError:
            return
        except OSError as error:
            self._dial_later(gate, error)
            return
        except UnprovenError as error:
            # Somebody has taken the address of a producer that is gone; the master will name another one.
            gate.impostors.met(f"channel {self.channel}: {error}")
            self._dial_later(gate, error)
            return
        if reply.status != ConnectReply.STATUS_OK:
            self._on_refusal(gate, reply)
        else:
            self._on_admission(gate, reply)

    def _on_admission(self, gate: ChannelHost, reply: ConnectReply) -> None:  # noqa: ARG002 - of use to subclasses
        self._stream_open = True
        gate.opened(self)

    def _on_refusal(self, gate: ChannelHost, reply: ConnectReply) -> None:  # noqa: ARG002 - of use to subclasses
        raise ExchangeError(f"channel {self.channel}: the producer refused the connection: {reply.message}")

    def _request(self, identity: ConsumerIdentity, producer_incarnation: int) -> ConnectRequest:
        request = ConnectRequest(
            job_id=identity.job_id,
            channel=self.channel,
            incarnation=identity.incarnation,
            producer_incarnation=producer_incarnation,
        )
        self._resume_at(request)
        return request

    def _resume_at(self, request: ConnectRequest) -> None:
        """Says in a request what is the next to be received."""
        request.next_seq = self._next_seq
        request.next_record_seq = self._next_record_seq

    def _accept(self, frame: Frame) -> bool:
        """Checks that a frame is the next one, and takes note of it; returns whether it is to be handed out."""
        header = frame.header
        if header.channel != self.channel:
            raise ExchangeError(f"channel {self.channel}: got a frame of channel {header.channel}")
        if header.seq != self._next_seq:
            raise ExchangeError(f"channel {self.channel}: expected frame {self._next_seq}, got {header.seq}")
        if header.first_record_seq != self._next_record_seq:
            raise ExchangeError(
                f"channel {self.channel}: expected record {self._next_record_seq}, got {header.first_record_seq}"
            )
        self._next_seq += 1
        self._next_record_seq += header.n_records
        return True
