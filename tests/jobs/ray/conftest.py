"""What the tests on Ray share: contexts, and a look at what a job has left on the cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from anabranch import StreamingContext
from anabranch.client.ray.jobs import ClusterJobs
from anabranch.v1.gateway_pb2 import JOB_STATE_RUNNING

from .hosts import RAY, Nodes, may_make_networks

# A limit, not a measurement: on a busy machine a Ray actor takes many seconds to start.
SECONDS_TO_GO = 600
SECONDS_OF_A_TEST = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this directory, and gives it more time than others have."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ray)
            item.add_marker(pytest.mark.timeout(SECONDS_OF_A_TEST))


@pytest.fixture
def ctx(ray_cluster: Any, acme_jar: str) -> StreamingContext:
    """A context with few, large workers: each takes half a second to start."""
    ctx = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 4).build()
    return ctx.add_jar(acme_jar).set_parallelism(2)


def actors(ray: Any, kind: str = "") -> list[str]:
    """Returns the names of the living actors of jobs, the registry left out."""
    names = [each["name"] for each in ray.util.list_named_actors(all_namespaces=True)]
    return [name for name in names if name != "registry" and name.startswith(kind)]


def left_of_jobs(ray: Any) -> list[str]:
    """Returns what jobs have on the cluster: actors, places, files, processes."""
    groups = ray.util.placement_group_table().values()
    left = [f"actor {name}" for name in actors(ray)]
    left += [f"placement group {group['name']}" for group in groups if group["state"] != "REMOVED"]
    left += [str(path) for path in Path("/tmp").glob("anabranch-ray-*") if is_mine(path)]
    for process in psutil.process_iter(["cmdline", "name"]):
        words = " ".join(process.info["cmdline"] or [])
        if "WorkerActor" in words or "RayJobMaster" in words:
            left.append(f"process {process.pid}: {words[:80]}")
    return left


def is_mine(path: Path) -> bool:
    """Returns whether a file belongs to this user; not if it is gone meanwhile."""
    try:
        return path.stat().st_uid == os.getuid()
    except FileNotFoundError:
        return False


@pytest.fixture
def leaves_nothing(ray_cluster: Any) -> Any:
    """Fails the test if a job has left something on the cluster."""
    before = set(left_of_jobs(ray_cluster))
    yield
    wait_until(lambda: set(left_of_jobs(ray_cluster)) <= before, what=lambda: left_of_jobs(ray_cluster))


def wait_until(condition: Callable[[], object], seconds: float = SECONDS_TO_GO, what: Any = "") -> None:
    """Waits for the condition; fails if it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)


def pid_of(kind: str) -> int:
    """Returns a process of the only job: its `master`, or the first worker of a language, `python` or `java`, or the
    first that has a task with such an operator."""
    if kind == "master":
        processes = psutil.process_iter(["cmdline"])
        return next(each.pid for each in processes if "RayJobMaster" in " ".join(each.info["cmdline"] or []))
    jobs = ClusterJobs("")
    wait_until(lambda: any(job.state == JOB_STATE_RUNNING for job in jobs.all()), what="no job runs")
    (job,) = (job for job in jobs.all() if job.state == JOB_STATE_RUNNING)
    for worker in jobs.explain(job.job_id).workers:
        if worker.worker_id.startswith(kind) or any(kind in task for task in worker.tasks):
            return worker.pid
    raise AssertionError(f"no worker has {kind}")


@pytest.fixture
def anabranch(ray_cluster: Any) -> Callable[..., str]:
    """Runs the command line against the cluster; returns what it prints."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "anabranch", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_GO, check=True).stdout

    return run


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    if not may_make_networks():
        pytest.skip("network namespaces cannot be made here")
    if Path(RAY).is_relative_to("/tmp"):
        pytest.skip("each node has a /tmp of its own, which would hide this checkout")
    nodes = Nodes()
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.stop()


@pytest.fixture
def on_all_nodes(acme_jar: str) -> Iterator[Callable[[str], list[str]]]:
    """Writes a driver; returns its file and that of the jar, in a directory that all nodes see: not in /tmp."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as directory:

        def write(script: str) -> list[str]:
            main = Path(directory, "main.py")
            main.write_text(script)
            return [str(main), shutil.copy(acme_jar, directory)]

        yield write
