"""Lets consumers in: accepts connections and reads their requests, distrusting everybody."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from anabranch.errors import ExchangeError
from anabranch.exchange.addresses import Transport
from anabranch.exchange.handshake import MAX_MESSAGE_LENGTH, RequestParser, encode_reply
from anabranch.exchange.reactor import READ, Reactor
from anabranch.exchange.shortage import Shortage
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

logger = logging.getLogger(__name__)

MAX_PENDING = 64
_PAUSE = 0.1  # a listener that cannot accept for want of open files stays ready all the time


class Acceptor:
    """Reads handshakes on a listener and hands each authenticated consumer to `admit`.

    `admit(request, socket)` returns the reply; if its status is OK the socket is the admitter's, otherwise it
    is closed. A peer that sends a wrong token, garbage or nothing in time is dropped without a trace but a log line.
    The `poll` of the reactor raises an OSError if no connection can be accepted, for a while, for want of open files.
    """

    def __init__(
        self,
        reactor: Reactor,
        listener: socket.socket,
        transport: Transport,
        *,
        token: bytes,
        timeout: float,
        admit: Callable[[ConnectRequest, socket.socket], ConnectReply],
        max_request: int = MAX_MESSAGE_LENGTH,
    ) -> None:
        self._reactor = reactor
        self._listener = listener
        self._transport = transport
        self._token = token
        self._timeout = timeout
        self._admit = admit
        self._max_request = max_request
        self._pending: dict[socket.socket, RequestParser] = {}
        self._shortage = Shortage()
        self._paused = False
        self._listen_if_there_is_room()

    def close(self) -> None:
        """Stops listening and drops unfinished handshakes."""
        for sock in list(self._pending):
            self._drop(sock)
        self._reactor.unregister(self._listener)
        self._listener.close()

    def _listen_if_there_is_room(self) -> None:
        if self._paused or len(self._pending) >= MAX_PENDING:
            self._reactor.unregister(self._listener)
        else:
            self._reactor.register(self._listener, READ, self._on_connection)

    def _pause(self) -> None:
        def listen() -> None:
            self._paused = False
            self._listen_if_there_is_room()

        self._paused = True
        self._listen_if_there_is_room()
        self._reactor.call_later(_PAUSE, listen)

    def _on_connection(self, _events: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            if self._shortage.met(error):
                self._pause()
            return  # else the peer has gone again
        self._shortage.over()
        try:
            self._transport.accepted(sock)
        except OSError:
            sock.close()
            return
        self._pending[sock] = RequestParser(self._token, self._max_request)
        self._reactor.register(sock, READ, lambda _events: self._on_readable(sock))
        self._reactor.call_later(self._timeout, lambda: self._expire(sock))
        self._listen_if_there_is_room()

    def _on_readable(self, sock: socket.socket) -> None:
        parser = self._pending[sock]
        try:
            data = sock.recv(parser.wanted)
            request = parser.feed(data)
        except BlockingIOError:
            return
        except (ExchangeError, OSError) as error:
            logger.warning("dropped a connection: %s", error)
            self._drop(sock)
            return
        if not data:
            self._drop(sock)
        elif request is not None:
            self._forget(sock)
            self._answer(request, sock)

    def _answer(self, request: ConnectRequest, sock: socket.socket) -> None:
        self._reactor.unregister(sock)
        reply = self._admit(request, sock)
        try:
            sock.sendall(encode_reply(reply))  # a fresh socket's buffer always has room for it
        except OSError as error:
            # The consumer is gone again; whoever owns the socket now sees that as the end of the stream.
            logger.warning("channel %d: consumer left during the handshake: %s", request.channel, error)
        if reply.status != ConnectReply.STATUS_OK:
            logger.warning("refused channel %d: %s", request.channel, reply.message)
            sock.close()

    def _expire(self, sock: socket.socket) -> None:
        if sock in self._pending:
            logger.warning("dropped a connection: no handshake within %.1f s", self._timeout)
            self._drop(sock)

    def _drop(self, sock: socket.socket) -> None:
        self._reactor.unregister(sock)
        self._forget(sock)
        sock.close()

    def _forget(self, sock: socket.socket) -> None:
        del self._pending[sock]
        self._listen_if_there_is_room()
