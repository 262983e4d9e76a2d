"""A job that the gateway hosts: its master, what it prints and what it collects."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

from anabranch.errors import AnabranchError, JobFailedError
from anabranch.master.job_master import JobMaster
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.control_pb2 import CollectedBatch
from anabranch.v1.graph_pb2 import JobGraph

_KEPT_LINES = 10_000
_LOOK_INTERVAL = 0.02


class LogBuffer:
    """The last lines that a job's workers printed. `append` may be called from any thread."""

    def __init__(self) -> None:
        self._lines: deque[gateway.LogLine] = deque(maxlen=_KEPT_LINES)
        self._count = 0

    def append(self, worker_id: str, stream: str, line: str) -> None:
        """Adds a line; the oldest one makes room if there are too many."""
        self._lines.append(gateway.LogLine(worker_id=worker_id, stream=stream, line=line))
        self._count += 1

    def since(self, position: int) -> tuple[list[gateway.LogLine], int]:
        """Returns the kept lines from a position on, and the position behind them."""
        count, lines = self._count, list(self._lines)
        missing = max(0, count - position)
        return (lines[-missing:] if missing else []), count


class GatewayJob:
    """One job. Everything but the log is used on the event loop only."""

    def __init__(self, graph: JobGraph, master: JobMaster, log: LogBuffer) -> None:
        self.job_id = master.job_id
        self.error: AnabranchError | None = None
        self._graph = graph
        self._master = master
        self._log = log
        self._started_ms = int(time.time() * 1000)
        self._ended_ms = 0
        self._run = asyncio.ensure_future(self._run_to_end())

    @property
    def ended(self) -> bool:
        """True once the job has ended and no process of it is left."""
        return self._run.done()

    async def wait(self, timeout: float) -> None:
        """Waits for the end of the job, at most `timeout` seconds."""
        await asyncio.wait([self._run], timeout=timeout)

    async def cancel(self) -> None:
        """Stops the job and waits until it has ended."""
        self._master.cancel()
        await asyncio.wait([self._run])

    def status(self) -> gateway.JobStatus:
        """Returns what the job is doing."""
        status = self._master.status()
        languages = {operator.name: operator.language for operator in self._graph.operators}
        message = gateway.JobStatus(
            job_id=self.job_id,
            job_name=status.name,
            state=status.state.value,
            started_ms=self._started_ms,
            ended_ms=self._ended_ms,
            operators=[
                gateway.OperatorStatus(
                    operator_id=described.id,
                    name=operator.name,
                    language=languages[operator.name],
                    parallelism=operator.parallelism,
                    records_in=operator.records_in,
                    records_out=operator.records_out,
                )
                for described, operator in zip(self._graph.operators, status.operators, strict=True)
            ],
        )
        if isinstance(self.error, JobFailedError):
            if self.error.error is not None:
                message.error.CopyFrom(self.error.error)
            message.message = str(self.error)
        return message

    async def lines(self, *, follow: bool) -> AsyncIterator[gateway.LogLine]:
        """Yields what was printed, and, if `follow`, what will be, until the job has ended."""
        position = 0
        while True:
            ended = self.ended
            lines, position = self._log.since(position)
            for line in lines:
                yield line
            if ended or not follow:
                return
            await asyncio.sleep(_LOOK_INTERVAL)

    async def collected(self, operator_id: int) -> AsyncIterator[CollectedBatch]:
        """Yields the batches of a collect operator as they come, until the job has ended."""
        position = 0
        while True:
            ended = self.ended
            batches = self._master.collected.get(operator_id, [])
            while position < len(batches):
                yield batches[position]
                position += 1
            if ended:
                return
            await asyncio.sleep(_LOOK_INTERVAL)

    async def _run_to_end(self) -> None:
        self.error = await self._master.run()
        self._ended_ms = int(time.time() * 1000)
