"""What an output gate needs of its channels, with recovery and without."""

from __future__ import annotations

import socket
from typing import Protocol

from anabranch.exchange.wire.demand import ConsumerDemand
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, FrameHeader


class OutgoingChannel(Protocol):
    """What a channel of an output gate does."""

    channel: int
    queued_bytes: int
    demand: ConsumerDemand

    @property
    def connected(self) -> bool:
        """True once a consumer has come."""

    @property
    def finished(self) -> bool:
        """True once the consumer has acknowledged the end of input."""

    @property
    def queued_frames(self) -> int:
        """Frames that the socket has not taken."""

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        """Takes the consumer's connection, or says why not."""

    def send(self, header: FrameHeader, payload: bytes) -> None:
        """Completes the header and sends or keeps the frame."""

    def send_end(self) -> None:
        """Sends the end of input; nothing may follow."""

    def close(self) -> None:
        """Closes the connection, if there is one."""
