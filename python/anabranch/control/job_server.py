"""The master's end of the control streams."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Protocol

import grpc
import grpc.aio

from anabranch.control.server import ANY_SIZE, bind, make_server
from anabranch.v1.control_pb2 import MasterMessage, WorkerHello, WorkerMessage
from anabranch.v1.control_pb2_grpc import ControlServicer, add_ControlServicer_to_server

_CONNECTIONS = 64  # standbys, and strangers, who are soon sent away
_LONGEST_SILENCE_MS = 600_000


class ControlStream:
    """The stream of one connected worker."""

    def __init__(self) -> None:
        self._outbox: asyncio.Queue[MasterMessage] = asyncio.Queue()

    def send(self, message: MasterMessage) -> None:
        """Queues a message; messages keep their order."""
        self._outbox.put_nowait(message)

    async def write_to(self, context: Any) -> None:
        """Writes what is queued, for ever."""
        while True:
            await context.write(await self._outbox.get())


class ControlListener(Protocol):
    """Who hears what the workers say. Called on the server's event loop."""

    def connected(self, hello: WorkerHello, stream: ControlStream) -> bool:
        """A worker has come; False sends it away."""

    def received(self, worker_id: str, message: WorkerMessage) -> None:
        """A worker has said something."""

    def disconnected(self, worker_id: str, stream: ControlStream) -> None:
        """The stream of a worker has ended."""


class ControlServer(ControlServicer):
    """Serves control.proto for one job."""

    def __init__(self, token: str, listener: ControlListener, *, workers: int, heartbeat_timeout_ms: int = 0) -> None:
        """Creates a server that does not serve yet.

        Args:
            token: The job's.
            listener: Hears what the workers say.
            workers: How many the job has.
            heartbeat_timeout_ms: Heartbeat timeout of a worker, 0: none. The connection must bear more, for
                it knows nothing of a master that stood still itself.
        """
        self._listener = listener
        self._server = make_server(
            token,
            connections=_CONNECTIONS + 2 * workers,  # each, and the one that replaces it
            largest_request=ANY_SIZE,  # collected records and checkpoints; each is read by `Connect`
            keepalive_timeout_ms=max(2 * heartbeat_timeout_ms, _LONGEST_SILENCE_MS),
        )
        add_ControlServicer_to_server(self, self._server)

    async def start(self, host: str) -> str:
        """Starts to serve; returns the address to dial."""
        port = bind(self._server, host, 0)
        await self._server.start()
        return f"{host}:{port}"

    async def stop(self) -> None:
        """Ends every stream and stops serving."""
        await self._server.stop(grace=None)

    async def Connect(self, _requests: Any, context: Any) -> None:  # noqa: N802 - the name in control.proto
        """Serves one worker for as long as it lives."""
        first = await context.read()
        if first is grpc.aio.EOF or first.WhichOneof("message") != "hello":
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message must be the hello")
        stream = ControlStream()
        if not self._listener.connected(first.hello, stream):
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"no worker {first.hello.worker_id} is expected")
        writer = asyncio.ensure_future(stream.write_to(context))
        try:
            while (message := await context.read()) is not grpc.aio.EOF:
                self._listener.received(first.hello.worker_id, message)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await writer
            self._listener.disconnected(first.hello.worker_id, stream)
