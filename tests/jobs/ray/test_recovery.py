"""Workers and masters of a job with checkpoints are killed on Ray: the result is that of a run without failure."""

from __future__ import annotations

import os
import random
import signal
import time
from ast import literal_eval
from pathlib import Path

import pytest

from anabranch import FileSink
from anabranch.client.ray.jobs import ClusterJobs
from tests.jobs.killing import Numbered, Slowly, assert_numbered_once

from .conftest import pid_of, wait_until

pytestmark = pytest.mark.usefixtures("leaves_nothing")

TOTAL = 60_000


@pytest.fixture
def job_with_checkpoints(ctx, tmp_path):
    return submit(ctx, tmp_path)


def numbered(ctx, tmp_path, total: int = TOTAL, interval: int = 300):
    ctx.option("anabranch.checkpoint.dir", str(tmp_path / "checkpoints")).option("anabranch.recovery.attempts", 20)
    ctx.option("anabranch.checkpoint.interval-ms", interval).option("anabranch.python.tasks-per-worker", 2)
    java = ctx.source(Slowly(total)).as_java_stream().map("com.acme.Functions$Identity")
    return java.as_python_stream().key_by(lambda x: x % 7).process(Numbered())


def submit(ctx, tmp_path, total: int = TOTAL, interval: int = 300):
    numbered(ctx, tmp_path, total, interval).sink(FileSink(tmp_path / "out", to_line=repr))
    job = ctx.submit("recovers")
    wait_until(lambda: job.status().state.name == "RUNNING")
    return job


def written(tmp_path) -> list[tuple[int, int, int]]:
    files = (tmp_path / "out").iterdir()
    return [literal_eval(line) for file in files for line in file.read_text().splitlines()]


def assert_right(tmp_path) -> None:
    assert_numbered_once(written(tmp_path), list(range(TOTAL)), 7)


@pytest.mark.smoke
def test_killed_workers_leave_no_trace(job_with_checkpoints, tmp_path):
    for language in ("java", "python"):
        time.sleep(0.7)
        os.kill(pid_of(language), signal.SIGKILL)

    job_with_checkpoints.wait(120)

    assert_right(tmp_path)


@pytest.mark.parametrize("language", ["java", "python"])
def test_a_master_and_a_worker_that_die_at_once_leave_no_trace(job_with_checkpoints, tmp_path, language):
    time.sleep(0.8)
    worker, master = pid_of(language), pid_of("master")
    os.kill(master, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)

    job_with_checkpoints.wait(120)

    assert_right(tmp_path)


def test_a_worker_that_dies_after_the_master_has_come_back(job_with_checkpoints, tmp_path):
    time.sleep(random.Random(1).uniform(0.5, 1.0))
    os.kill(pid_of("master"), signal.SIGKILL)
    time.sleep(2.5)
    if not job_with_checkpoints.ended:
        os.kill(pid_of("java"), signal.SIGKILL)

    job_with_checkpoints.wait(120)

    assert_right(tmp_path)


def test_at_least_once_loses_nothing(ctx, tmp_path):
    job = submit(ctx.option("anabranch.mode", "at_least_once"), tmp_path)
    for language in ("java", "python"):
        time.sleep(0.7)
        os.kill(pid_of(language), signal.SIGKILL)

    job.wait(120)

    assert {value for _, _, value in written(tmp_path)} == set(range(TOTAL))


@pytest.mark.parametrize("dying", [["collect"], ["master"], ["collect", "master"]], ids="+".join)
def test_collected_records_come_once(ctx, tmp_path, dying):
    collected = numbered(ctx, tmp_path).collect()
    job = ctx.submit("collects")
    wait_until(lambda: job.status().state.name == "RUNNING")
    time.sleep(1)
    for pid in [pid_of(each) for each in dying]:
        os.kill(pid, signal.SIGKILL)

    assert_numbered_once(collected.get(120), list(range(TOTAL)), 7)


def test_a_job_of_which_nothing_is_left_goes_on_from_its_checkpoint(job_with_checkpoints, tmp_path):
    jobs = ClusterJobs("")
    wait_until(lambda: (tmp_path / "out").exists() and written(tmp_path), what="nothing was committed")
    workers = jobs.explain(job_with_checkpoints.id).workers
    for pid in [pid_of("master"), *(worker.pid for worker in workers if worker.pid)]:
        os.kill(pid, signal.SIGKILL)

    job_with_checkpoints.wait(120)

    assert_right(tmp_path)


class CommitsLate(FileSink):
    """Its second subtask makes the last commit only when it may."""

    def __init__(self, directory: Path, may_commit: Path) -> None:
        super().__init__(directory)
        self.may_commit = may_commit

    def open(self, ctx) -> None:
        super().open(ctx)
        self.is_late = ctx.task_index == 1

    def commit(self, handle) -> None:
        while self.is_late and not self.may_commit.exists():
            time.sleep(0.05)
        super().commit(handle)


def test_a_master_that_dies_between_the_last_commits_leaves_no_trace(ctx, tmp_path):
    ctx.option("anabranch.checkpoint.dir", str(tmp_path / "checkpoints"))
    ctx.option("anabranch.checkpoint.interval-ms", 3_600_000).option("anabranch.stall.warn-ms", 0)
    ctx.source(Slowly(1000)).sink(CommitsLate(tmp_path / "out", tmp_path / "may-commit"))
    job = ctx.submit("ends")
    wait_until(lambda: list((tmp_path / "out").glob("part-*")), what="nothing was committed")

    os.kill(pid_of("master"), signal.SIGKILL)
    (tmp_path / "may-commit").touch()
    job.wait(120)

    lines = [int(line) for file in (tmp_path / "out").glob("part-*") for line in file.read_text().split()]
    assert sorted(lines) == list(range(1000))


def test_a_torn_checkpoint_takes_the_whole_job_back_to_the_one_before(ctx, tmp_path, capfd):
    job = submit(ctx, tmp_path, total=200_000, interval=1000)
    store = tmp_path / "checkpoints" / job.id
    wait_until((store / "chk-2" / "MANIFEST").exists, what="no checkpoint")
    worker, master = pid_of("process"), pid_of("master")
    newest = max(store.glob("chk-*/MANIFEST"), key=lambda path: int(path.parent.name.removeprefix("chk-"))).parent

    for snapshot in newest.glob("*.snapshot"):
        snapshot.write_bytes(snapshot.read_bytes()[:-1])
    os.kill(master, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    job.wait(120)

    assert {value for _, _, value in written(tmp_path)} == set(range(200_000))
    assert "sinks may have made visible what comes again" in capfd.readouterr().err
