"""The connection of an output channel to its consumer: what both kinds of channels do with it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Protocol

from anabranch.errors import ExchangeError
from anabranch.exchange.event_loop import READ, WRITE, EventLoop
from anabranch.exchange.wire.bad_connections import BadConnections

# Buffers that one call to the operating system writes, at most.
MAX_BUFFERS_PER_WRITE = 64
_BYTES_PER_READ = 64 << 10


class SocketOwner(Protocol):
    """The channel, as its socket sees it."""

    def to_write(self) -> Sequence[bytes | memoryview]:
        """Returns what is to be written now, at most `MAX_BUFFERS_PER_WRITE` buffers; empty: nothing."""

    def wrote(self, n_bytes: int) -> None:
        """So many bytes of it were written."""

    def received(self, data: bytes) -> None:
        """Takes what the consumer has sent.

        Raises:
            ExchangeError: It breaks the protocol.
        """

    def hung_up(self) -> None:
        """The consumer has closed the connection, which is how it acknowledges the end of input."""

    def disconnected(self) -> None:
        """The connection is closed, whoever did it."""


class ChannelSocket:
    """Reads, writes and watches the consumer's connection, if there is one.

    A consumer that closes its connection acknowledges what it has got. A connection that breaks, or on which something
    comes that is not of the protocol, acknowledges nothing.
    """

    def __init__(self, channel: int, event_loop: EventLoop, owner: SocketOwner) -> None:
        self._channel = channel
        self._event_loop = event_loop
        self._owner = owner
        self._sock: socket.socket | None = None
        self._interest = 0
        self._broken = BadConnections("closed")

    @property
    def is_open(self) -> bool:
        """True while there is a connection."""
        return self._sock is not None

    def open(self, sock: socket.socket) -> None:
        """Takes a consumer's connection; the owner is asked for what to write once the socket is ready."""
        self.disconnect()
        self._sock = sock
        self._watch(READ | WRITE)

    def write(self) -> None:
        """Writes as much as the socket takes, if there is one."""
        if self._sock is None:
            return
        while buffers := self._owner.to_write():
            try:
                n_bytes = self._sock.sendmsg(buffers)
            except BlockingIOError:
                break
            except OSError:
                self.disconnect()
                return
            self._owner.wrote(n_bytes)
        self._watch(READ | WRITE if buffers else READ)

    def disconnect(self) -> None:
        """Closes the connection, if there is one."""
        if self._sock is not None:
            self._event_loop.unregister(self._sock)
            self._sock.close()
            self._sock = None
            self._interest = 0
            self._owner.disconnected()

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self.write()
        if events & READ:
            self._read()

    def _read(self) -> None:
        if self._sock is None:
            return
        try:
            data = self._sock.recv(_BYTES_PER_READ)
            if data:
                self._owner.received(data)
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        except ExchangeError as error:
            self._broken.met(f"channel {self._channel}: {error}")
        else:
            self._owner.hung_up()
        self.disconnect()

    def _watch(self, events: int) -> None:
        if self._sock is not None and events != self._interest:
            self._interest = events
            self._event_loop.register(self._sock, events, self._on_ready)
