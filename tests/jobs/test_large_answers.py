"""Declared answers that sum to more than goes into a frame, without a failure and with one: nothing is lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from anabranch import JavaFunction, JobFailedError, MapFunction

from .killing import Slowly, context, workers

pytestmark = pytest.mark.local

ANSWER = 100_000
RECORDS = 750
BEFORE_THE_KILL = 700  # whose answers are more than the 64 MiB that a handshake could take once


class UpTo(Slowly):
    """Emits most of its numbers, and the others once a file is there."""

    def __init__(self, limit: int, path: Path) -> None:
        super().__init__(limit, pause=0.005)
        self.path = str(path)

    def fetch(self, ctx) -> None:
        if self.next >= BEFORE_THE_KILL and not os.path.exists(self.path):
            time.sleep(0.01)
        else:
            super().fetch(ctx)


class Asks(MapFunction):
    """Asks for an answer of many bytes, which no second run would get again."""

    def __init__(self, size: int = ANSWER) -> None:
        self.size = size

    def open(self, ctx) -> None:
        self.ctx = ctx

    def map(self, value: int) -> tuple[int, bytes]:
        return value, self.ctx.nondeterministic(lambda: os.urandom(self.size))[:8]


def answers(tmp_path: Path, language: str, jar: str):
    # A checkpoint would drop the logs that are to grow.
    ctx = context(
        tmp_path,
        checkpoint__interval_ms=600_000,
        exchange__max_frame_bytes=1 << 20,
        inflight__memory_bytes=1 << 30,
    ).set_parallelism(1)
    numbers = ctx.source(UpTo(RECORDS, tmp_path / "enough")).rebalance()
    if language == "python":
        return ctx, numbers.map(Asks()).disable_chain()
    ctx.add_jar(jar)
    return ctx, numbers.as_java_stream().map(JavaFunction("com.acme.Answering", ANSWER)).as_python_stream()


@pytest.mark.parametrize("language", ["python", "java"])
def test_answers_go_ahead_of_the_few_records_that_pass(acme_jar, tmp_path, language):
    (tmp_path / "enough").touch()
    ctx, asked = answers(tmp_path, language, acme_jar)
    few = asked.filter(lambda pair: pair[0] % 500 == 0).rebalance().map(lambda pair: pair[0]).collect()

    ctx.submit("few pass")

    assert sorted(few.get(100)) == [0, 500]


@pytest.mark.parametrize("victim", ["asker", "consumer"])
@pytest.mark.parametrize("language", ["python", "java"])
def test_answers_are_the_same_again_however_many_there_are(acme_jar, tmp_path, language, victim):
    """Two consumers get the answers: the one that lives has those that were given before the kill."""
    ctx, asked = answers(tmp_path, language, acme_jar)
    one = asked.map(lambda pair: pair).disable_chain().collect()
    other = asked.map(lambda pair: pair).disable_chain().collect()
    job = ctx.submit("answers")
    deadline = time.monotonic() + 100
    while min(each.records_in for each in job.status().operators if each.name.startswith("collect")) < BEFORE_THE_KILL:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    kind = "python-3" if victim == "consumer" else "java" if language == "java" else "python-2"
    workers(kind)[0].kill()
    (tmp_path / "enough").touch()

    first, second = dict(one.get(100)), dict(other.get(100))
    assert sorted(first) == list(range(RECORDS))
    assert first == second


def test_an_answer_that_fits_into_no_frame_fails_with_its_size(tmp_path):
    ctx = context(tmp_path, exchange__max_frame_bytes=1 << 20).set_parallelism(1)
    ctx.from_collection([1]).map(Asks(2_000_000)).rebalance().map(lambda pair: pair).collect()

    with pytest.raises(
        JobFailedError, match=r"the answer of ctx.nondeterministic takes 2000\d\d\d bytes.*max-frame-byte"
    ):
        ctx.execute("too large")
