"""Serves gateway.proto."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from anabranch.client.submit import launcher_of, make_master
from anabranch.config import Options
from anabranch.control.server import bind, make_server
from anabranch.errors import AnabranchError, ConfigError, JavaNotFoundError, JobGraphError
from anabranch.foreign_names import notes_on, notes_on_variables
from anabranch.gateway.artifacts import ArtifactStore
from anabranch.gateway.hosted_job import GatewayJob, LogBuffer
from anabranch.gateway.import_check import check_python_functions
from anabranch.gateway.relayed_job import RelayedJob
from anabranch.plan import ExecutionPlan, plan_job
from anabranch.threads import in_thread
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.control_pb2 import CollectedBatch
from anabranch.v1.gateway_pb2_grpc import (
    GatewayServicer,
    MasterServicer,
    add_GatewayServicer_to_server,
    add_MasterServicer_to_server,
)
from anabranch.v1.graph_pb2 import JobGraph

_ERROR_CODE = "anabranch-error-code"  # of the trailing metadata
_CONNECTIONS = 512
_KEPT_ENDED = 100
_LONGEST_WAIT = 60.0  # a client that wants to wait longer asks again


class _JobCalls:
    """What a client may ask of a job, served by a server of its own."""

    def __init__(self, token: str) -> None:
        self._jobs: dict[str, GatewayJob | RelayedJob] = {}
        self._server = make_server(token, connections=_CONNECTIONS)

    async def start(self, host: str, port: int) -> int:
        """Starts to serve; returns the port.

        Raises:
            ConfigError: The address cannot be bound.
        """
        bound = bind(self._server, host, port)
        await self._server.start()
        return bound

    async def GetStatus(self, request: gateway.StatusRequest, context: Any) -> gateway.JobStatus:  # noqa: N802
        return await (await self._job(request.job_id, context)).current_status()

    async def Cancel(self, request: gateway.CancelRequest, context: Any) -> gateway.JobStatus:  # noqa: N802
        job = await self._job(request.job_id, context)
        await job.cancel()
        return await job.current_status()

    async def Follow(self, request: gateway.FollowRequest, context: Any) -> gateway.FollowResponse:  # noqa: N802
        return await (await self._job(request.job_id, context)).follow(request)

    async def Explain(self, request: gateway.ExplainRequest, context: Any) -> gateway.ExplainResponse:  # noqa: N802
        return await (await self._job(request.job_id, context)).explain()

    async def _job(self, job_id: str, context: Any) -> GatewayJob | RelayedJob:
        job = self._jobs.get(job_id)
        if job is None:
            known = ", ".join(self._jobs) or "none"
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no job {job_id!r}; known: {known}")
            raise AssertionError("abort raises")
        return job


class MasterService(_JobCalls, MasterServicer):
    """Serves one job, that of a master on a cluster. It takes no code."""

    def __init__(self, token: str, job: GatewayJob) -> None:
        super().__init__(token)
        self._jobs[job.job_id] = job
        add_MasterServicer_to_server(self, self._server)

    async def stop(self) -> None:
        """Ends every call."""
        await self._server.stop(grace=1.0)


class GatewayService(_JobCalls, GatewayServicer):
    """Hosts jobs on the event loop that it is served on."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self._artifacts = ArtifactStore()
        add_GatewayServicer_to_server(self, self._server)

    async def stop(self) -> None:
        """Cancels every job, ends every call and removes what was uploaded."""
        for job in list(self._jobs.values()):
            await job.cancel()
        await self._server.stop(grace=1.0)
        self._artifacts.close()

    # ------------------------------------------------------------------ gateway.proto, under the names it gives

    async def FindMissingArtifacts(self, request: gateway.ArtifactHashes, context: Any) -> gateway.ArtifactHashes:  # noqa: D102, N802
        try:
            missing = [each for each in request.content_hashes if self._artifacts.path(each) is None]
        except JobGraphError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return gateway.ArtifactHashes(content_hashes=missing)

    async def UploadArtifact(  # noqa: D102, N802
        self, chunks: AsyncIterator[gateway.ArtifactChunk], context: Any
    ) -> gateway.UploadArtifactResponse:
        upload = None
        try:
            async for chunk in chunks:
                upload = upload or self._artifacts.begin(chunk.content_hash, chunk.file_name)
                upload.write(chunk.data)
            if upload is not None:
                upload.finish()
        except JobGraphError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except BaseException:
            if upload is not None:
                upload.abort()
            raise
        return gateway.UploadArtifactResponse()

    async def Submit(self, request: gateway.SubmitRequest, context: Any) -> gateway.SubmitResponse:  # noqa: D102, N802
        graph = request.graph
        try:
            self._artifacts.resolve(graph)
            options = Options(dict(graph.config))
            plan = plan_job(graph, options)
            await check_python_functions(graph)
            job = await self._start(graph, plan, options)
        except (JobGraphError, ConfigError, JavaNotFoundError) as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error), _trailers(error))
        except AnabranchError as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error), _trailers(error))
        for note in (*notes_on(graph.config), *notes_on_variables(os.environ)):
            job.log.append("master", "stderr", note)
        self._jobs[job.job_id] = job
        self._forget_old()
        return gateway.SubmitResponse(job_id=job.job_id)

    def _forget_old(self) -> None:
        ended = [job_id for job_id, job in self._jobs.items() if job.ended]
        for job_id in ended[: max(0, len(ended) - _KEPT_ENDED)]:
            del self._jobs[job_id]
        # Of a job on a cluster, the code has been brought there.
        running = [job for job in self._jobs.values() if isinstance(job, GatewayJob) and not job.ended]
        self._artifacts.drop_unused({each for job in running for each in job.artifacts})

    async def Wait(self, request: gateway.WaitRequest, context: Any) -> gateway.JobStatus:  # noqa: D102, N802
        job = await self._job(request.job_id, context)
        await job.wait(min(request.timeout_ms / 1000, _LONGEST_WAIT))
        return await job.current_status()

    async def List(self, _request: gateway.ListRequest, _context: Any) -> gateway.ListResponse:  # noqa: D102, N802
        return gateway.ListResponse(jobs=[await job.current_status() for job in self._jobs.values()])

    async def Logs(self, request: gateway.LogsRequest, context: Any) -> AsyncIterator[gateway.LogLine]:  # noqa: D102, N802
        job = await self._job(request.job_id, context)
        async for line in job.lines(follow=request.follow):
            yield line

    async def Results(self, request: gateway.ResultsRequest, context: Any) -> AsyncIterator[CollectedBatch]:  # noqa: D102, N802
        job = await self._job(request.job_id, context)
        async for batch in job.collected(request.operator_id):
            yield batch

    @staticmethod
    async def _start(graph: JobGraph, plan: ExecutionPlan, options: Options) -> GatewayJob | RelayedJob:
        if launcher_of(options) == "ray":
            from anabranch.client.ray.cluster_client import ClusterJob  # noqa: PLC0415 - Ray is an extra

            prefix = options.text("anabranch.log.prefix") != "off"
            return RelayedJob(await in_thread(ClusterJob.submit, graph, options), prefix=prefix)
        log = LogBuffer()
        return GatewayJob(graph, await make_master(graph, plan, options, None, log.append), log)


def _trailers(error: AnabranchError) -> tuple[tuple[str, str]]:
    """Returns what tells a client the code of an error."""
    return ((_ERROR_CODE, error.code),)
