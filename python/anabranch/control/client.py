"""The worker's end of the control stream."""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator

import grpc

from anabranch.control.channel import Channel
from anabranch.errors import AnabranchError
from anabranch.v1.control_pb2 import MasterMessage, WorkerMessage
from anabranch.v1.control_pb2_grpc import ControlStub

logger = logging.getLogger(__name__)

# A master may stand still (Ctrl-Z in its terminal, a debugger): its end is told by other ways, and quicker.
_MASTER_SILENCE_MS = 600_000


class ControlClient:
    """One bidirectional stream to the job master. `send` may be called from any thread."""

    def __init__(self, master: str, token: str) -> None:
        self._outbox: queue.SimpleQueue[WorkerMessage | None] = queue.SimpleQueue()
        self._channel = Channel(master, token, patient=True, keepalive_timeout_ms=_MASTER_SILENCE_MS)

    def send(self, message: WorkerMessage) -> None:
        """Queues a message; messages keep their order."""
        self._outbox.put(message)

    def messages(self) -> Iterator[MasterMessage]:
        """Connects and yields the master's messages; ends when the stream does, for whatever reason.

        Nothing is yielded, and nothing sent, before the master has proven that it knows the token.
        """
        try:
            yield from ControlStub(self._channel.calls).Connect(iter(self._outbox.get, None))
        except (grpc.RpcError, AnabranchError, ValueError) as error:  # ValueError: it was disconnected before
            logger.debug("control stream ended: %s", error)

    def close(self) -> None:
        """Ends the stream after everything that was sent."""
        self._outbox.put(None)

    def disconnect(self) -> None:
        """Closes the connection."""
        self._channel.close()
