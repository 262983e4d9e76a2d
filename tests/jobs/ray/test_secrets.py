"""What another driver of the cluster can learn of a job, and what that opens."""

from __future__ import annotations

import grpc
import pytest

from anabranch.client.ray.registry import find_registry
from anabranch.control.channel import Channel
from anabranch.control.client import ControlClient
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.gateway_pb2_grpc import GatewayStub, MasterStub

from .conftest import wait_until
from .test_life import Numbers

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def test_what_the_registry_knows_lets_nobody_bring_code(ctx, ray_cluster):
    ctx.source(Numbers()).map(lambda x: x).sink(lambda _: None)
    job = ctx.submit("victim")
    wait_until(lambda: job.status().operators[0].records_out > 100)
    registry = find_registry(ray_cluster)
    spec = ray_cluster.get(registry.spec.remote(job.id))
    address = ray_cluster.get(registry.address.remote(job.id))

    channel = Channel(address, spec.token)
    status = MasterStub(channel.calls).GetStatus(gateway.StatusRequest(job_id=job.id), timeout=60)
    assert "victim" == status.job_name
    with pytest.raises(grpc.RpcError) as refused:
        GatewayStub(channel.calls).Submit(gateway.SubmitRequest(), timeout=60)
    assert grpc.StatusCode.UNIMPLEMENTED == refused.value.code()
    channel.close()
    # Nor can it pose as a worker.
    worker = ControlClient(address, spec.token)
    assert [] == list(worker.messages())
    worker.disconnect()
    job.cancel()
