"""Accepts consumers' connections and reads their requests. Peers are untrusted until the handshake is done."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable

from anabranch.errors import ExchangeError
from anabranch.exchange.event_loop import READ, EventLoop
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.bad_connections import BadConnections
from anabranch.exchange.wire.handshake import ProducerHandshakes, RequestParser
from anabranch.exchange.wire.shortage import Shortage
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

MAX_PENDING = 64
# Where places are short, a remote address that holds more of them than this is the first to give one up.
FAIR_SHARE = 8
_PAUSE = 0.1  # a listener that cannot accept for want of open files stays ready all the time


class _Pending:
    """A connection whose request has not come whole."""

    def __init__(self, parser: RequestParser, address: str) -> None:
        self.parser = parser
        self.address = address


class Acceptor:
    """Reads handshakes on a listener and hands each authenticated consumer to `admit`.

    `admit(request, socket)` returns the reply; if its status is OK the socket is the admitter's, otherwise it
    is closed. A peer that sends a wrong proof, garbage or nothing in time is dropped, and counted.

    A consumer sends all that it has to send at once, so a busy task, which polls rarely, still takes it in a single
    poll. Time counts against a peer only in a poll that has found nothing of it to be read. If more peers come than
    may be pending, those that have sent nothing go first.

    The `poll` of the event loop raises an OSError if it runs out of file descriptors and cannot accept for a while.
    """

    def __init__(
        self,
        event_loop: EventLoop,
        listener: socket.socket,
        transport: Transport,
        *,
        handshakes: ProducerHandshakes,
        timeout: float,
        admit: Callable[[ConnectRequest, socket.socket], ConnectReply],
    ) -> None:
        self._event_loop = event_loop
        self._listener = listener
        self._transport = transport
        self._handshakes = handshakes
        self._timeout = timeout
        self._admit = admit
        self._pending: dict[socket.socket, _Pending] = {}  # oldest first
        self._shortage = Shortage()
        self._dropped = BadConnections("dropped")
        self._refused = BadConnections("refused")
        self._listen()

    def close(self) -> None:
        """Stops listening and drops unfinished handshakes."""
        for sock in list(self._pending):
            self._close(sock)
        self._event_loop.unregister(self._listener)
        self._listener.close()
        self._dropped.report()
        self._refused.report()

    def _listen(self) -> None:
        self._event_loop.register(self._listener, READ, self._on_connections)

    def _on_connections(self, _events: int) -> None:
        for _ in range(MAX_PENDING):  # others want to be served too
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if self._shortage.met(error):
                    self._event_loop.unregister(self._listener)
                    self._event_loop.call_later(_PAUSE, self._listen)
                return  # else the peer has gone again
            self._shortage.over()
            try:
                self._transport.accepted(sock)
            except OSError:
                sock.close()
            else:
                self._begin(sock, address[0] if isinstance(address, tuple) else "")

    def _begin(self, sock: socket.socket, address: str) -> None:
        if len(self._pending) >= MAX_PENDING:
            self._drop(self._first_to_go(), "more connections than can be held, and nothing came on this one")
        self._pending[sock] = _Pending(self._handshakes.begin(), address)
        self._event_loop.register(sock, READ, lambda _events: self._on_readable(sock))
        self._event_loop.call_later(self._timeout, lambda: self._expire(sock))
        self._on_readable(sock)  # what it has to say is usually there already

    def _first_to_go(self) -> socket.socket:
        places = Counter(pending.address for pending in self._pending.values())
        silent = [sock for sock, pending in self._pending.items() if pending.parser.silent]
        greedy = [sock for sock in silent if places[self._pending[sock].address] > FAIR_SHARE]
        return next(iter(greedy or silent or self._pending))

    def _on_readable(self, sock: socket.socket) -> None:
        pending = self._pending.get(sock)
        if pending is None:  # it had to go in this very poll
            return
        parser = pending.parser
        try:
            data = sock.recv(parser.wanted)
            request = parser.feed(data)
        except BlockingIOError:
            return
        except (ExchangeError, OSError) as error:
            self._drop(sock, error)
            return
        if not data:
            self._drop(sock, "it was closed before the request was whole")
        elif request is not None:
            self._answer(request, parser, sock)

    def _answer(self, request: ConnectRequest, parser: RequestParser, sock: socket.socket) -> None:
        del self._pending[sock]
        self._event_loop.unregister(sock)
        reply = self._admit(request, sock)
        try:
            sock.sendall(parser.encode_reply(reply))  # a fresh socket's buffer always has room for it
        except OSError as error:
            # The consumer is gone again; whoever owns the socket now sees that as the end of the stream.
            self._dropped.met(f"the consumer of channel {request.channel} left during the handshake: {error}")
        if reply.status != ConnectReply.STATUS_OK:
            self._refused.met(f"channel {request.channel}: {reply.message}")
            sock.close()

    def _expire(self, sock: socket.socket) -> None:
        # Deadlines come after the sockets of the same poll: had there been anything to read, it would be read by now.
        if sock in self._pending:
            self._drop(sock, f"no handshake within {self._timeout:.1f} s")

    def _drop(self, sock: socket.socket, reason: object) -> None:
        self._dropped.met(reason)
        self._close(sock)

    def _close(self, sock: socket.socket) -> None:
        del self._pending[sock]
        self._event_loop.unregister(sock)
        sock.close()
