"""The client's end of a connection to a job master or a gateway. Every one is opened here."""

from __future__ import annotations

import grpc

TOKEN_METADATA = "anabranch-token"  # noqa: S105 - the name of the entry, not a secret

_OPTIONS = [
    ("grpc.max_send_message_length", -1),  # functions and collected records travel here, of any size
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.enable_http_proxy", 0),  # http_proxy is for the web: it must not see what is said here
]


def open_channel(address: str) -> grpc.Channel:
    """Returns a channel to host:port, which is dialled by the first call."""
    return grpc.insecure_channel(address, options=_OPTIONS)
