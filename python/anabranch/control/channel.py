"""The client's end of a connection to a job master or a gateway. Every one is opened here."""

from __future__ import annotations

import grpc

from anabranch.control.client_authentication import Authenticator

KEEPALIVE_TIME_MS = 10_000  # after this much silence the other side is pinged
KEEPALIVE_TIMEOUT_MS = 5_000  # it has this long to answer

_OPTIONS = [
    ("grpc.max_send_message_length", -1),  # functions and collected records travel here, of any size
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
    ("grpc.enable_http_proxy", 0),  # http_proxy is for the web: it must not see what is said here
]


def patience(timeout_ms: int) -> list[tuple[str, int]]:
    """Returns the options of a connection whose other end may stand still for this long."""
    # A ping that asks whether the other side lives has a limit of its own, a minute.
    return [("grpc.keepalive_timeout_ms", timeout_ms), ("grpc.http2.ping_timeout_ms", timeout_ms)]


class Channel:
    """A connection to a server that knows the same token; dialled by the first call.

    Attributes:
        calls: What stubs are made of.
        authenticator: Signs the calls.
    """

    def __init__(
        self, address: str, token: str, *, patient: bool = False, keepalive_timeout_ms: int = KEEPALIVE_TIMEOUT_MS
    ) -> None:
        """Makes one.

        Args:
            address: host:port.
            token: The secret that is shared with the server.
            patient: True to dial again for a while if nothing listens.
            keepalive_timeout_ms: A server that stands still for longer loses the connection.
        """
        self._plain = grpc.insecure_channel(address, options=[*_OPTIONS, *patience(keepalive_timeout_ms)])
        self.authenticator = Authenticator(self._plain, address, token, patient=patient)
        self.calls = grpc.intercept_channel(self._plain, self.authenticator)

    def close(self) -> None:
        """Ends the connection and every call."""
        self._plain.close()
