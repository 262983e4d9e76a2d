"""State that does not go through the master: workers write it into files of their own."""

import os
import random
import time

import pytest

from anabranch import AnabranchError, ProcessFunction
from anabranch.checkpoint.state_file import LARGEST_INLINE

from .killing import Slowly, assert_numbered_once, context, kill_some

pytestmark = pytest.mark.local

KEYS = 97


class NumberedAtLength(ProcessFunction):
    """Says of each record which one of its key it is, and keeps much with it."""

    def process(self, value, ctx, collector) -> None:
        n, _ = ctx.get_state((0, b""))
        ctx.set_state((n + 1, bytes(4096)))
        collector.collect((ctx.key, n + 1, value))


def test_killed_workers_leave_no_trace_in_a_large_state(tmp_path):
    assert KEYS * 4096 / 2 > 2 * LARGEST_INLINE
    ctx = context(tmp_path)
    numbers = ctx.source(Slowly(40_000)).key_by(lambda x: x % KEYS)
    collected = numbers.process(NumberedAtLength()).key_by(lambda each: each[0]).reduce(longest).map(first).collect()
    job = ctx.submit("large")

    kill_after_a_state_file(job, tmp_path, "python")

    assert_numbered_once(collected.get(100), list(range(40_000)), KEYS)


def test_killed_jvms_leave_no_trace_in_a_large_state(acme_jar, tmp_path):
    ctx = context(tmp_path, java__tasks_per_worker=1).add_jar(acme_jar)
    keyed = ctx.source(Slowly(40_000)).key_by(lambda x: x % KEYS).as_java_stream()
    collected = keyed.process("com.acme.Stateful$NumberedAtLength").as_python_stream().collect()
    job = ctx.submit("large")

    kill_after_a_state_file(job, tmp_path, "java")

    assert_numbered_once(collected.get(100), list(range(40_000)), KEYS)


def kill_after_a_state_file(job, tmp_path, language):
    """Kills workers of a language once a worker has written a state file."""
    while not list((tmp_path / "checkpoints" / job.id).glob("chk-*/*.state")):
        assert not job.ended
        time.sleep(0.01)
    assert kill_some(job, random.Random(3), [language] * 3, pause=0.5) >= 1


def longest(_one, other):
    return (*other[:3], bytes(2048))


def first(each):
    return each[:3]


def test_a_state_file_that_cannot_be_written_costs_one_checkpoint(tmp_path, capfd):
    broken = 8
    ctx = context(tmp_path)
    ctx.source(Slowly(10**9, pause=0.01)).key_by(lambda x: x % KEYS).process(NumberedAtLength()).sink(lambda x: None)
    job = ctx.submit("no room")
    directory = tmp_path / "checkpoints" / job.id
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"chk-{broken}").write_text("in the way")

    last = 0
    while last <= broken:
        assert not job.ended
        time.sleep(0.05)
        checkpoint = job.status().last_checkpoint
        last = 0 if checkpoint is None else checkpoint.number
    assert job.status().failed_checkpoints == 0
    job.cancel()
    with pytest.raises(AnabranchError):
        job.wait(60)

    told = capfd.readouterr().err
    assert f"checkpoint {broken} could not be written: " in told
    assert ".state cannot be written to " in told
    assert "The job runs on" in told


def test_a_relative_directory_is_the_masters_whatever_a_function_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ctx = context(type(tmp_path)("relative"))

    def elsewhere(x):
        os.chdir("/")
        return x

    numbers = ctx.source(Slowly(5000)).map(elsewhere).key_by(lambda x: x % KEYS)
    collected = numbers.process(NumberedAtLength()).collect()
    ctx.execute("relative")

    assert_numbered_once(collected.get(100), list(range(5000)), KEYS)
    assert list(tmp_path.glob("relative/checkpoints/*/chk-*/*.state"))
