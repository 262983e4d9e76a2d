"""Jobs ask for a place on the cluster, and are told when there is none."""

import re

import pytest

from anabranch import AnabranchError

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.mark.smoke
def test_a_job_that_cannot_be_placed_fails_in_time_and_says_what_it_wanted(ctx, ray_cluster):
    ctx.option("anabranch.ray.place-timeout-ms", 1000)
    ctx.from_values(1).set_parallelism(1).map(lambda x: x).with_resource(num_gpus=2, camera=1).sink(print)

    with pytest.raises(AnabranchError) as caught:
        ctx.execute("too large")

    message = str(caught.value)
    assert "job too large: Ray could not schedule the workers within 1 s" in message
    assert "GPU 2, camera 1 on one node, for python-1" in message
    assert re.search(r"node [0-9.]+: CPU 4, ", message)
    assert "of which free: CPU 4" in message


def test_cpus_are_held_for_as_long_as_the_job_runs(ctx, ray_cluster):
    held = (
        ctx.from_values(1).set_parallelism(1).map(lambda x: __import__("time").sleep(1) or x).with_resource(num_cpus=3)
    )
    held.sink(lambda x: None)
    job = ctx.submit("holds")
    while job.status().state.name != "RUNNING":
        assert not job.ended

    assert ray_cluster.available_resources().get("CPU", 0) <= 1

    job.wait(120)
