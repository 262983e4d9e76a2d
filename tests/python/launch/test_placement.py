"""Which workers share a node, and what a job that finds no place is told."""

import pytest

from anabranch import StreamingContext
from anabranch.config import Options
from anabranch.launch.ray.placement import bundles_of, cannot_be_placed, needs_of
from anabranch.plan import plan_job


def plan(**options):
    ctx = StreamingContext.Builder().build().set_parallelism(2)
    numbers = ctx.from_collection(range(4)).disable_chain().with_resource(num_cpus=0.5)
    numbers.map(lambda x: x).with_resource(num_cpus=1, num_gpus=0.25, memory=1000, camera=2).sink(print)
    given = {f"anabranch.{name.replace('__', '.').replace('_', '-')}": value for name, value in options.items()}
    return plan_job(ctx._graph("job"), Options(given))


def test_a_bundle_of_a_pipeline_has_the_workers_of_one_index():
    bundles = bundles_of(plan(), "pipeline")

    assert [bundle.workers for bundle in bundles] == [("python-1", "python-2"), ("python-3", "python-4")]
    assert bundles[0].resources == {"CPU": 1.5, "GPU": 0.25, "memory": 1000, "camera": 2}


def test_a_worker_with_tasks_of_several_indices_goes_for_itself():
    bundles = bundles_of(plan(python__tasks_per_worker=3), "pipeline")

    assert [bundle.workers for bundle in bundles] == [("python-1",), ("python-2",)]


def test_spread_gives_every_worker_a_bundle():
    assert [bundle.workers for bundle in bundles_of(plan(), "spread")] == [(f"python-{n}",) for n in (1, 2, 3, 4)]


def test_what_asks_for_nothing_competes_with_nobody():
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).sink(print)
    quiet = plan_job(ctx._graph("job"), Options({}))

    assert needs_of(quiet.workers[0], quiet) == {}
    assert bundles_of(quiet, "spread")[0].resources["CPU"] < 0.01


def test_the_message_says_what_was_asked_for_and_what_there_is():
    nodes = [{"NodeManagerAddress": "10.0.0.1", "Resources": {"CPU": 4.0, "node:10.0.0.1": 1.0, "GPU": 1.0}}]

    message = cannot_be_placed(bundles_of(plan(), "spread"), nodes, {"CPU": 2.0}, 60)

    assert "within 60 s" in message
    assert "CPU 1, GPU 0.25, camera 2, memory 1000 on one node, for python-2" in message
    assert "node 10.0.0.1: CPU 4, GPU 1\n" in message
    assert "of which free: CPU 2\n" in message


def test_a_negative_amount_is_refused_where_it_is_written():
    ctx = StreamingContext.Builder().build()

    with pytest.raises(Exception, match="resource num_cpus must not be negative, got -1"):
        ctx.from_values(1).with_resource(num_cpus=-1)
