"""The server's end of the connections to a job master or a gateway. Every server is made here."""

from __future__ import annotations

import os
import socket

import grpc.aio

from anabranch.control.channel import KEEPALIVE_TIME_MS, KEEPALIVE_TIMEOUT_MS, patience
from anabranch.control.server_authentication import AuthenticationService
from anabranch.errors import ConfigError

# Of a call that is read whole before it is looked at. Code comes in chunks, collected records go the other way.
LARGEST_REQUEST = 64 << 20
ANY_SIZE = -1

_LARGEST_PORT = 65535


def make_server(
    token: str,
    *,
    connections: int,
    largest_request: int = LARGEST_REQUEST,
    keepalive_timeout_ms: int = KEEPALIVE_TIMEOUT_MS,
) -> grpc.aio.Server:
    """Returns a server that takes calls of those who know this token only.

    Args:
        token: The secret that its clients share with it.
        connections: How many there may be at once.
        largest_request: Bytes of a message, or ANY_SIZE where each is read only after the caller was authenticated.
        keepalive_timeout_ms: A client that stands still for longer loses its connection.

    Raises:
        ConfigError: The token can be guessed.
    """
    authentication = AuthenticationService(token)
    server = grpc.aio.server(
        interceptors=[authentication],
        options=[
            ("grpc.max_send_message_length", ANY_SIZE),
            ("grpc.max_receive_message_length", largest_request),
            ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
            *patience(keepalive_timeout_ms),
            # Otherwise another process of the user could share the port, and be given half of the calls.
            ("grpc.so_reuseport", 0),
            # Each takes a file, which checkpoints and logs need too. One that says nothing is closed soon.
            ("grpc.max_allowed_incoming_connections", connections),
            ("grpc.server_handshake_timeout_ms", 2_000),
            ("grpc.max_connection_idle_ms", 30_000),
        ],
    )
    authentication.add_to(server)
    return server


def bind(server: grpc.aio.Server, host: str, port: int) -> int:
    """Has a server listen; returns the port.

    Raises:
        ConfigError: The address cannot be bound.
    """
    if not 0 <= port <= _LARGEST_PORT:
        raise ConfigError(f"{port} is not a port: expected 0 (any free one) to {_LARGEST_PORT}")
    try:
        _try(host, port)
        return int(server.add_insecure_port(f"{host}:{port}"))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise ConfigError(f"cannot listen on {host}:{port}: {why}") from error
    except RuntimeError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error}") from error


def _try(host: str, port: int) -> None:
    """Raises an OSError if the address cannot be bound: gRPC does not tell why, and prints a line of its own."""
    family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    socket.create_server(address[:2], family=family).close()
