"""How long a killed worker leaves its keys without output.

A job of Python and Java operators at half of its full rate, of which one worker is killed again and again; beside it
the same, with the whole job going back each time.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import struct
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from anabranch import EndOfData, RuntimeContext, SinkFunction, SourceContext, SourceFunction, StreamingContext
from benchmarks.cost import with_checkpoints
from benchmarks.java_classes import compile_java

INTERVAL_MS = 500  # a killed task has half of it to do again, on average
FULL_RATE_RECORDS = 1_000_000  # of each source subtask, to find out what the machine can do
KEYS = 1000
SECONDS = 24.0
_SAMPLE = struct.Struct("<dIdQ")
_WINDOW = 0.1


class Sample(NamedTuple):
    """A record that has come to a sink.

    Attributes:
        at: When, seconds since 1970.
        branch: The source subtask that it is from.
        latency: Since it was due at the source, seconds.
        nth: Which one of this branch it is, counted since the sink was opened.
    """

    at: float
    branch: int
    latency: float
    nth: int


class Ticks(SourceFunction[tuple[int, float]]):
    """Emits (key and subtask, time) at a fixed rate, open loop: what is late is emitted at once."""

    def __init__(self, rate: int, seconds: float, *, open_loop: bool = True) -> None:
        self.rate, self.seconds, self.open_loop = rate, seconds, open_loop

    def init(self, parallelism: int, index: int) -> None:  # noqa: ARG002 - each subtask has the rate
        self.index = index
        self.emitted = 0
        self.began = 0.0

    def open(self, ctx: RuntimeContext) -> None:
        self.context = ctx

    def fetch(self, ctx: SourceContext[tuple[int, float]]) -> None:
        now = self.context.now() / 1000  # logged: how much a fetch emits depends on it
        self.began = self.began or now
        due = int((now - self.began) * self.rate) if self.open_loop else self.rate
        if self.emitted >= self.rate * self.seconds:
            raise EndOfData
        until = min(due, self.emitted + 512)
        if until > self.emitted:
            ctx.collect_many(
                [(i * 7919 % KEYS * 2 + self.index, self.began + i / self.rate) for i in range(self.emitted, until)]
            )
            self.emitted = until

    def save_checkpoint(self) -> list[float]:
        return [self.emitted, self.began]

    def load_checkpoint(self, saved: list[float]) -> None:
        self.emitted, self.began = int(saved[0]), saved[1]


class Samples(SinkFunction[tuple[int, float]]):
    """Writes every few milliseconds when a record has come, and its latency; for each source subtask."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def open(self, ctx: RuntimeContext) -> None:
        path = self.results / f"samples{ctx.task_index}"
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.next = [0.0, 0.0]
        self.counts = [0, 0]

    def sink(self, value: tuple[int, float]) -> None:
        now = time.time()
        branch = value[0] % 2
        self.counts[branch] += 1
        if now >= self.next[branch]:
            self.next[branch] = now + 0.002
            os.write(self.file, _SAMPLE.pack(now, branch, now - value[1], self.counts[branch]))

    def close(self) -> None:
        os.close(self.file)


def samples(file: Path) -> list[Sample]:
    return [Sample(*values) for values in _SAMPLE.iter_unpack(file.read_bytes())]


def largest_gap(way: list[Sample], since: float, until: float) -> tuple[float, float]:
    """Returns between which two times of a period nothing new has come for longest.

    What a sink is told a second time is nothing new.
    """
    ends, newest = [since], 0.0
    for each in way:
        is_new, newest = each.at - each.latency > newest, max(newest, each.at - each.latency)
        if is_new and since <= each.at <= until:
            ends.append(each.at)
    return max(pairwise([*ends, until]), key=lambda gap: gap[1] - gap[0])


def records_between(way: list[Sample], since: float, until: float) -> int:
    """Returns how many records came in a period."""
    counts = [each.nth for each in way if since <= each.at <= until]
    return sum(max(0, after - before) for before, after in pairwise(counts))


def until_back(way: list[Sample], killed: float, until: float) -> float:
    """Returns the seconds until the latency, as medians of 0.1 s, is back within 10 % and a millisecond of before.

    For three windows in a row: a checkpoint a second makes single ones late at any time.
    """
    limit = statistics.median(each.latency for each in way if killed - 1.5 <= each.at < killed) * 1.1 + 0.001
    good = 0
    for number in range(int((until - killed) / _WINDOW)):
        start = killed + number * _WINDOW
        window = [each.latency for each in way if start <= each.at < start + _WINDOW]
        good = good + 1 if window and statistics.median(window) <= limit else 0
        if good == 3:  # noqa: PLR2004 - see above
            return start - 2 * _WINDOW - killed
    return until - killed


def submit(source: Ticks, results: Path, scope: str = "task") -> Any:
    """Starts the job: Python source, Java map, Python reduce and sink, parallelism 2, a JVM for each Java task."""
    ctx = StreamingContext.Builder().option("anabranch.progress", "off").build().set_parallelism(2)
    with_checkpoints(ctx, results, INTERVAL_MS)
    ctx.add_jar(compile_java())
    ctx.option("anabranch.recovery.scope", scope).option("anabranch.java.tasks-per-worker", 1)
    ctx.option("anabranch.recovery.attempts", 100)
    ticks = ctx.source(source).forward().as_java_stream().map("com.acme.Identity")
    keyed = ticks.as_python_stream().key_by(lambda tick: tick[0])
    keyed.reduce(lambda old, new: new).sink(Samples(results))  # noqa: ARG005
    return ctx.submit("recovery")


def full_rate() -> float:
    """Returns how many records per second and source subtask the job can do."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        submit(Ticks(FULL_RATE_RECORDS, 1.0, open_loop=False), results).wait(120)
        times = [each.at for file in results.glob("samples*") for each in samples(file)]
    finally:
        shutil.rmtree(results, ignore_errors=True)
    return FULL_RATE_RECORDS / (max(times) - min(times))


def kill_and_measure(language: str, scope: str, rate: int, seconds: float = SECONDS) -> dict[str, Any]:
    """Runs the job, kills a worker of a language every few seconds; returns what that did."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    dice = random.Random(1)
    try:
        job = submit(Ticks(rate, seconds), results, scope)
        while job.status().state.name != "RUNNING":
            time.sleep(0.02)
        time.sleep(4)
        kills: list[tuple[float, int]] = []
        began = time.monotonic()
        while time.monotonic() < began + seconds - 10:
            victims = [
                process
                for process in psutil.Process().children(recursive=True)
                if (language == "java") == ("java" in process.name()) and _has_tasks(process, language)
            ]
            victim = dice.choice(victims)
            kills.append((time.time(), victim.pid))
            victim.kill()
            time.sleep(3)
        job.wait(120)
        files = [samples(file) for file in results.glob("samples*")]
        # One stream for each way through the job: from a source subtask to a sink subtask.
        ways = [[sample for sample in file if sample.branch == branch] for file in files for branch in (0, 1)]
    finally:
        shutil.rmtree(results, ignore_errors=True)
    rows = [_consequences(ways, killed) for killed, _ in kills]
    return {
        "language": language,
        "scope": scope,
        "records_per_second": 2 * rate,
        "kills": len(kills),
        **{name: [row[name] for row in rows] for name in rows[0]},
    }


def _consequences(ways: list[list[Sample]], killed: float) -> dict[str, float]:
    """Returns what a kill has done to the ways through the job, of which one has suffered most."""
    gaps = [largest_gap(way, killed, killed + 2.5) for way in ways]
    lengths = [end - start for start, end in gaps]
    worst = lengths.index(max(lengths))
    others = [way for number, way in enumerate(ways) if number != worst]
    return {
        "dark_seconds": lengths[worst],
        "dark_seconds_of_others": min(lengths),
        "records_of_others": sum(records_between(way, killed, gaps[worst][1]) for way in others),
        "back_seconds": max(until_back(way, killed, killed + 2.9) for way in ways),
    }


def _has_tasks(process: psutil.Process, language: str) -> bool:
    if language == "java":
        return True
    return "standby" not in process.environ().get("ANABRANCH_WORKER_ID", "standby")


def rows() -> Iterator[dict[str, Any]]:
    """Measures each language, with the failed worker alone and with the whole job going back."""
    rate = int(full_rate() / 2)
    for language in ("python", "java"):
        for scope in ("task", "job"):
            yield kill_and_measure(language, scope, rate)
