"""Listening and dialling: Unix sockets where both ends are on one host, else TCP."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from anabranch.errors import ExchangeError
from anabranch.exchange.wire.handshake import new_nonce
from anabranch.v1.control_pb2 import Endpoint

_BACKLOG = 128


@dataclass(frozen=True)
class Transport:
    """Which kinds of socket a job uses, and how they are set.

    Attributes:
        mode: `auto`, `unix` or `tcp` (option anabranch.exchange.transport).
        socket_dir: Directory of the Unix sockets, private to the user; empty if there is none.
        listen_host: Address to listen on for TCP.
        several_hosts: True if a consumer may be on another host.
        buffer_bytes: Kernel buffer of a socket, each way.
    """

    mode: str
    socket_dir: str
    listen_host: str
    buffer_bytes: int
    several_hosts: bool = False

    def listen(self, name: str) -> tuple[list[socket.socket], Endpoint]:
        """Opens non-blocking listeners, one of each kind that is needed; `name` makes the file name of a Unix socket.

        Raises:
            ExchangeError: The mode needs a socket directory and there is none.
            OSError: An address cannot be bound.
        """
        if self.mode == "unix" and not self.socket_dir:
            raise ExchangeError("anabranch.exchange.transport is unix, and the launcher gives no socket directory")
        unix = self.mode != "tcp" and bool(self.socket_dir)
        listeners, endpoint = [], Endpoint(nonce=new_nonce())
        if unix:
            path = Path(self.socket_dir, f"{name}.sock")
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(_BACKLOG)
            listeners.append(listener)
            endpoint.unix_path = str(path)
        if not unix or (self.mode == "auto" and self.several_hosts):
            family = socket.AF_INET6 if ":" in self.listen_host else socket.AF_INET
            listener = socket.create_server((self.listen_host, 0), family=family, backlog=_BACKLOG)
            listeners.append(listener)
            endpoint.tcp_host, endpoint.tcp_port = listener.getsockname()[:2]
        for listener in listeners:
            self._prepare(listener)
        return listeners, endpoint

    def dial(self, endpoint: Endpoint) -> socket.socket:
        """Begins a non-blocking connection; the socket becomes writable once it stands or has failed."""
        if endpoint.unix_path:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            address: str | tuple[str, int] = endpoint.unix_path
        else:
            family = socket.AF_INET6 if ":" in endpoint.tcp_host else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            address = (endpoint.tcp_host, endpoint.tcp_port)
        self._prepare(sock)
        try:
            sock.connect(address)
        except BlockingIOError:
            pass
        except OSError:
            sock.close()
            raise
        return sock

    def accepted(self, sock: socket.socket) -> None:
        """Sets up a socket that a listener has accepted."""
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._prepare(sock)

    def _prepare(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.buffer_bytes)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
