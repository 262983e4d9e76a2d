"""What is promised with anabranch.mode: exactly_once (see test_recovery.py), at_least_once, none."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest

from anabranch import ConfigError, FileSink, JobFailedError, MapFunction, StreamingContext

from .killing import Slowly, context, kill_some, workers

pytestmark = pytest.mark.local


@pytest.mark.parametrize("seed", range(2))
def test_at_least_once_loses_nothing(tmp_path, seed, capfd):
    ctx = context(tmp_path, mode="at_least_once")
    numbers = ctx.source(Slowly(100_000)).rebalance().map(lambda x: x).disable_chain()
    numbers.key_by(lambda x: x % 7).map(lambda x: x).sink(FileSink(tmp_path / "out"))
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(seed), ["python"] * 3, pause=0.5) >= 1
    job.wait(60)

    lines = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert set(lines) == set(range(100_000))
    assert "rolling back the whole job to" in capfd.readouterr().err


def test_at_least_once_without_a_failure_is_exactly_once(tmp_path):
    ctx = context(tmp_path, mode="at_least_once")
    numbers = ctx.source(Slowly(20_000)).rebalance().map(lambda x: x).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).map(lambda x: x).collect()

    ctx.execute("calm")

    assert sorted(collected.get()) == list(range(20_000))


def test_at_least_once_goes_on_after_an_error_of_a_function(tmp_path):
    flag = tmp_path / "failed"

    def fails_once(x):
        if x == 9000 and not flag.exists():
            flag.touch()
            raise ConnectionError("not now")
        return x

    ctx = context(tmp_path, mode="at_least_once", restart__attempts=3, restart__delay_ms=100)
    ctx.source(Slowly(20_000)).rebalance().map(fails_once).sink(FileSink(tmp_path / "out"))

    ctx.execute("restarts")

    lines = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert flag.exists()
    assert set(lines) == set(range(20_000))


@pytest.mark.parametrize("mode", ["at_least_once", "exactly_once"])
def test_a_function_that_hangs_in_a_rollback_costs_its_worker_and_runs_only_once_at_a_time(tmp_path, mode, capfd):
    hung = tmp_path / "hung"

    def hangs_once(x):
        if x == 1000 and not hung.exists():
            hung.touch()
            time.sleep(20)
            (tmp_path / "woken").touch()
        return x

    ctx = context(tmp_path, mode=mode, recovery__scope="job", cancel__timeout_ms=1000).set_parallelism(1)
    numbers = ctx.source(Slowly(5000))
    numbers.map(hangs_once).sink(FileSink(tmp_path / "out"))
    numbers.rebalance().map(lambda x: x).disable_chain().with_name("other").sink(lambda _: None)
    job = ctx.submit("hangs")
    deadline = time.monotonic() + 60
    while not hung.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    [other] = workers("python-3")
    other.kill()

    job.wait(90)

    lines = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert set(lines) == set(range(5000))
    assert mode == "at_least_once" or len(lines) == 5000
    assert not (tmp_path / "woken").exists()
    assert "did not stop within 1000 ms (anabranch.cancel.timeout-ms)" in capfd.readouterr().err


class Times(MapFunction):
    def open(self, ctx) -> None:
        self.ctx = ctx

    def map(self, value):
        return self.ctx.now()


@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once", "none"])
def test_the_time_goes_on_in_every_mode(tmp_path, mode):
    ctx = context(tmp_path, mode=mode)
    collected = ctx.source(Slowly(200, pause=0.02)).rebalance().map(Times()).disable_chain().collect()

    ctx.execute("times")

    assert len(set(collected.get())) > 3


@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once"])
def test_a_join_forgets_in_every_mode(tmp_path, mode):
    ctx = context(tmp_path, mode=mode)
    left = ctx.source(Slowly(200, pause=0.02)).set_parallelism(1)
    late = ctx.source(Slowly(200, pause=0.02)).set_parallelism(1).map(lambda x: time.sleep(1) if x == 0 else x)
    right = late.map(lambda x: x or 0).disable_chain()
    joined = left.join(right, retention=timedelta(milliseconds=10), how="left").where(lambda x: x).equal_to(lambda x: x)

    alone = [pair for pair in joined.with_function(lambda a, b: (a, b)).execute_and_collect() if pair[1] is None]

    assert len(alone) > 20


def test_without_a_mode_a_dead_worker_fails_the_job(tmp_path):
    ctx = context(tmp_path, mode="none")
    ctx.source(Slowly(40_000)).sink(lambda x: None)
    job = ctx.submit("none")

    kill_some(job, random.Random(1), ["python"], pause=0.2)

    with pytest.raises(JobFailedError, match="was killed by SIGKILL"):
        job.wait(60)
    assert not workers()
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once"])
def test_a_promise_needs_a_place_for_checkpoints(mode):
    ctx = StreamingContext.Builder().option("anabranch.mode", mode).build()
    ctx.from_values(1).sink(print)

    with pytest.raises(ConfigError, match=f"{mode} needs checkpoints; say where with anabranch.checkpoint.dir"):
        ctx.execute("nowhere")


def test_an_unknown_mode_is_refused():
    with pytest.raises(ConfigError, match="expected exactly_once, at_least_once or none, got 'twice'"):
        StreamingContext.Builder().option("anabranch.mode", "twice").build()
