"""The server's end of the connections to a job master or a gateway. Every server is made here."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from anabranch.control.channel import TOKEN_METADATA
from anabranch.control.token import require_unguessable
from anabranch.errors import ConfigError

# Of a call that is read whole before it is looked at. Code comes in chunks, collected records go the other way.
LARGEST_REQUEST = 64 << 20
ANY_SIZE = -1

_LARGEST_PORT = 65535


def make_server(token: str, *, largest_request: int = LARGEST_REQUEST) -> grpc.aio.Server:
    """Returns a server that takes calls with this token only.

    Args:
        token: The secret that its clients share with it.
        largest_request: Bytes of a message, or ANY_SIZE where each is read only after the caller was authenticated.

    Raises:
        ConfigError: The token can be guessed.
    """
    return grpc.aio.server(
        interceptors=[TokenCheck(token)],
        options=[
            ("grpc.max_send_message_length", ANY_SIZE),
            ("grpc.max_receive_message_length", largest_request),
            ("grpc.keepalive_time_ms", 10_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            # Otherwise another process of the user could share the port, and be given half of the calls.
            ("grpc.so_reuseport", 0),
        ],
    )


def bind(server: grpc.aio.Server, host: str, port: int) -> int:
    """Has a server listen; returns the port.

    Raises:
        ConfigError: The address cannot be bound.
    """
    if not 0 <= port <= _LARGEST_PORT:
        raise ConfigError(f"{port} is not a port: expected 0 (any free one) to {_LARGEST_PORT}")
    try:
        return int(server.add_insecure_port(f"{host}:{port}"))
    except RuntimeError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error}") from error


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[misc] # grpc.aio has no types
    """Refuses every call without the server's token before anything of it is read."""

    def __init__(self, token: str) -> None:
        self._token = require_unguessable(token, "this server").encode()

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        """Passes the call on if its token is right."""
        given = str(dict(details.invocation_metadata).get(TOKEN_METADATA, "")).encode()
        if hmac.compare_digest(given, self._token):
            return await continuation(details)
        # A handler of a unary request would be called once that was read, and unpacked, however large it is.
        return grpc.stream_unary_rpc_method_handler(_refuse)


async def _refuse(_requests: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "wrong or missing token")
