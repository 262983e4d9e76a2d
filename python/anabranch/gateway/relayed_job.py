"""A job that a gateway has submitted to a Ray cluster, and whose master is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from anabranch.client.submit import prefixed
from anabranch.errors import AnabranchError
from anabranch.gateway.hosted_job import LogBuffer, batches_of, lines_of
from anabranch.threads import in_thread
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.control_pb2 import CollectedBatch

if TYPE_CHECKING:
    from anabranch.client.ray.cluster_client import ClusterJob


class RelayedJob:
    """The same as a `GatewayJob` to the clients of the gateway. The job ends with the gateway unless it is detached."""

    def __init__(self, job: ClusterJob, *, prefix: bool) -> None:
        """Begins to follow the job.

        Args:
            job: It was submitted a moment ago.
            prefix: Whether lines are to say which task has printed them.
        """
        self.job_id = job.job_id
        self._job = job
        self._prefix = prefix
        self.log = LogBuffer()
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        job.follow(self._on_line, self._on_end)

    @property
    def ended(self) -> bool:
        """True once the job has ended and no process of it is left."""
        return self._ended.is_set()

    async def wait(self, timeout: float | None) -> None:
        """Waits for the end of the job, at most `timeout` seconds."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), timeout)

    async def cancel(self) -> None:
        """Stops the job and waits until it has ended; leaves a detached one running."""
        await in_thread(self._job.cancel)
        await self._ended.wait()

    async def current_status(self) -> gateway.JobStatus:
        """Returns what the job is doing."""
        return await in_thread(self._job.status)

    async def explain(self) -> gateway.ExplainResponse:
        """Returns the execution plan, and where the workers are."""
        return await in_thread(self._job.explain)

    async def follow(self, request: gateway.FollowRequest) -> gateway.FollowResponse:
        """Returns what is new since the client's last call."""
        status = await self.current_status()
        return gateway.FollowResponse(lines=self.log.after(request.lines), status=status)

    async def lines(self, *, follow: bool) -> AsyncIterator[gateway.LogLine]:
        """Yields what was printed, and, if `follow`, what will be, until the job has ended."""
        async for line in lines_of(self.log, lambda: self.ended, follow=follow):
            yield line

    async def collected(self, operator_id: int) -> AsyncIterator[CollectedBatch]:
        """Yields the batches of a collect operator; see `batches_of`."""
        recovers = self._job.recovers
        async for batch in batches_of(self._job.collected, operator_id, lambda: self.ended, recovers=recovers):
            yield batch

    def _on_line(self, line: gateway.LogLine) -> None:
        if self._prefix:
            line.line = prefixed(line.task or line.worker_id, line.line)
        self.log.add(line)

    def _on_end(self, _error: AnabranchError | None) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
