"""The master of one job on a cluster, as its clients see it: they can watch and cancel, and bring no code."""

import asyncio
import secrets

import grpc

from anabranch.control.channel import Channel
from anabranch.gateway.service import MasterService
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.gateway_pb2_grpc import GatewayStub, MasterStub

TOKEN = secrets.token_hex(32)


class Job:
    job_id = "j"

    def __init__(self) -> None:
        self.cancelled = False

    async def current_status(self) -> gateway.JobStatus:
        return gateway.JobStatus(job_id="j", message="cancelled" if self.cancelled else "runs")

    async def cancel(self) -> None:
        self.cancelled = True


def test_clients_can_watch_and_cancel_and_bring_no_code():
    def use(address: str) -> None:
        channel = Channel(address, TOKEN)
        master, other = MasterStub(channel.calls), GatewayStub(channel.calls)
        assert "runs" == master.GetStatus(gateway.StatusRequest(job_id="j"), timeout=60).message
        for call, request in (
            (other.Submit, gateway.SubmitRequest()),
            (other.FindMissingArtifacts, gateway.ArtifactHashes()),
            (other.UploadArtifact, iter([gateway.ArtifactChunk(file_name="a.jar")])),
            (channel.calls.unary_unary("/anabranch.v1.Master/Submit"), b""),
        ):
            try:
                call(request, timeout=60)
            except grpc.RpcError as error:
                assert grpc.StatusCode.UNIMPLEMENTED == error.code()  # noqa: PT017 - each of them
            else:
                raise AssertionError
        assert "cancelled" == master.Cancel(gateway.CancelRequest(job_id="j"), timeout=60).message
        channel.close()

    async def main() -> None:
        service = MasterService(TOKEN, Job())
        port = await service.start("127.0.0.1", 0)
        await asyncio.to_thread(use, f"127.0.0.1:{port}")
        await service.stop()

    asyncio.run(main())
