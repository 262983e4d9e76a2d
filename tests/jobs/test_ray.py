"""The same jobs, their workers Ray actors."""

import tempfile
import time

import psutil
import pytest

from anabranch import JobCancelledError, JobFailedError, StreamingContext

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """A Ray instance of these tests' own."""
    ray = pytest.importorskip("ray")
    with tempfile.TemporaryDirectory(prefix="ray") as directory:
        ray.init(
            num_cpus=2,
            _temp_dir=directory,
            object_store_memory=100 << 20,
            include_dashboard=False,
            log_to_driver=False,
            namespace="anabranch-tests",
        )
        yield ray
        ray.shutdown()


@pytest.fixture
def ctx(acme_jar):
    builder = StreamingContext.Builder().option("anabranch.launcher", "ray")
    ctx = builder.option("anabranch.python.tasks-per-worker", 4).build()
    return ctx.add_jar(acme_jar).set_parallelism(2)


def test_a_hybrid_job_gives_the_same_result(ctx):
    stream = ctx.from_collection(range(1000)).as_java_stream().map("com.acme.Functions$TripleAndOne")
    reduced = stream.as_python_stream().key_by(lambda x: x % 5).reduce(max)

    result = reduced.execute_and_collect("hybrid")

    assert len(result) == 1000
    assert {2998, 2995, 2992, 2989, 2986} <= set(result)


def test_tcp_between_workers(ctx):
    ctx.option("anabranch.exchange.transport", "tcp")
    stream = ctx.from_collection(range(1000)).as_java_stream().map("com.acme.Functions$Identity")

    assert list(range(1000)) == sorted(stream.as_python_stream().rebalance().map(lambda x: x).execute_and_collect())


def test_printed_lines_reach_the_driver(ctx, capfd):
    numbers = ctx.from_values(1, 2, 3)
    numbers.sink(lambda x: print("python", x))
    numbers.as_java_stream().sink("com.acme.Functions$Print")

    ctx.execute("prints")

    expected = [f"{language} {x}" for language in ("python", "java") for x in (1, 2, 3)]
    assert sorted(expected) == sorted(capfd.readouterr().out.splitlines())


def test_a_failing_function_names_operator_and_record(ctx):
    ctx.from_values(1, 0).set_parallelism(1).map(lambda x: 1 // x).with_name("divides").sink(print)

    with pytest.raises(JobFailedError, match=r"operator 'divides' failed, subtask 0, Python, record 1: 0"):
        ctx.execute("fails")


def endless(ctx):
    slow = ctx.from_collection(range(100_000)).map(lambda x: __import__("time").sleep(0.01) or x)
    slow.rebalance().map(lambda x: x).sink(lambda x: None)
    return ctx.submit("endless")


def hosts() -> list[psutil.Process]:
    processes = psutil.process_iter(["cmdline"])
    return [process for process in processes if "ray::WorkerHost" in " ".join(process.info["cmdline"] or [])]


def wait_until_running(job) -> None:
    while job.status().state.name != "RUNNING":
        assert not job.ended
        time.sleep(0.05)


def test_cancel_leaves_no_actor(ctx):
    job = endless(ctx)
    wait_until_running(job)
    assert hosts()

    assert job.cancel().state.name == "CANCELLED"

    with pytest.raises(JobCancelledError):
        job.wait()
    deadline = time.monotonic() + 5
    while hosts():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_worker_fails_the_job(ctx):
    job = endless(ctx)
    wait_until_running(job)

    hosts()[0].kill()

    with pytest.raises(JobFailedError, match="while it ran"):
        job.wait(60)
