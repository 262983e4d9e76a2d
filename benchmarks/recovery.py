"""What exactly-once costs, and how long a killed worker leaves its keys without output.

Cost: the same job with a checkpoint every second, and without any. Recovery: a job of Python and Java operators at half
of its full rate, of which one worker is killed again and again; beside it the same, with the whole job going back each
time.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import struct
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import psutil

from anabranch import EndOfData, RuntimeContext, SinkFunction, SourceContext, SourceFunction, StreamingContext
from benchmarks.crossing.engine import run_engine
from benchmarks.crossing.shapes import reference
from benchmarks.java_classes import compile_java
from benchmarks.measure import Benchmark, Contender, WrongResultError
from benchmarks.wordcount.words import CHUNK, Count, add, first, lines, pair, split

INTERVAL_MS = 1000  # of the jobs whose cost is measured
RECOVERY_INTERVAL_MS = 500  # a killed task has half of it to do again, on average
FULL_RATE_RECORDS = 1_000_000  # of each source subtask, to find out what the machine can do
KEYS = 1000
SECONDS = 24.0
_SAMPLE = struct.Struct("<dII")  # when it came, from which source subtask, latency in microseconds
_WINDOW = 0.1


class SomeLines(SourceFunction[str]):
    """Emits every n-th line; remembers how many."""

    def __init__(self, n_words: int, results: Path) -> None:
        self.n_words = n_words
        self.results = results

    def init(self, parallelism: int, index: int) -> None:
        self.index = index
        self.chunks = 0
        self.lines = islice(lines(self.n_words), index, None, parallelism)
        self.started = 0.0

    def fetch(self, ctx: SourceContext[str]) -> None:
        self.started = self.started or time.monotonic()
        chunk = list(islice(self.lines, CHUNK))
        if not chunk:
            (self.results / f"started{self.index}").write_text(repr(self.started))
            raise EndOfData
        self.chunks += 1
        ctx.collect_many(chunk)

    def save_checkpoint(self) -> int:
        return self.chunks


class LastCounts(SinkFunction[Count]):
    """Keeps the last count of each word, and when the last record came."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def open(self, ctx: RuntimeContext) -> None:
        self.index = ctx.get_task_index()
        self.counts: dict[str, int] = {}
        self.last = 0.0

    def sink(self, value: Count) -> None:
        self.counts[value[0]] = value[1]
        if value[1] % 64 == 0:
            self.last = time.monotonic()

    def close(self) -> None:
        (self.results / f"ended{self.index}").write_text(json.dumps([self.last, self.counts]))


def with_checkpoints(ctx: StreamingContext, directory: Path) -> StreamingContext:
    """Turns exactly-once on."""
    ctx.option("anabranch.checkpoint.dir", str(directory / "checkpoints"))
    return ctx.option("anabranch.checkpoint.interval-ms", INTERVAL_MS)


def run_wordcount(n_words: int, expected: dict[str, int], *, exactly_once: bool) -> float:
    """Counts words at parallelism 2; the time is from the first line to the last count."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build().set_parallelism(2)
        if exactly_once:
            with_checkpoints(ctx, results)
        counted = ctx.source(SomeLines(n_words, results)).flat_map(split).map(pair).key_by(first).reduce(add)
        counted.sink(LastCounts(results))
        ctx.execute("word_count")
        started = min(float(file.read_text()) for file in results.glob("started*"))
        ends = [json.loads(file.read_text()) for file in results.glob("ended*")]
    finally:
        shutil.rmtree(results)
    counts = {word: count for _, each in ends for word, count in each.items()}
    if counts != expected:
        raise WrongResultError(f"word count: {sum(counts.values())} words, expected {sum(expected.values())}")
    return max(end for end, _ in ends) - started


def cost_of_wordcount(scale: float) -> Benchmark:
    """Prepares word count at parallelism 2; `scale` 1 is six million words."""
    n_words = int(6_000_000 * scale) // 10 * 10
    expected: dict[str, int] = {}
    for line in lines(n_words):
        for word in line.split():
            expected[word] = expected.get(word, 0) + 1
    return Benchmark(
        "cost-wordcount",
        "Word count, Python, parallelism 2: what a checkpoint every second costs",
        [
            Contender("exactly once", lambda: run_wordcount(n_words, expected, exactly_once=True)),
            Contender("no recovery", lambda: run_wordcount(n_words, expected, exactly_once=False)),
        ],
        records=n_words,
        unit="words",
    )


def cost_of_crossing(scale: float) -> Benchmark:
    """Prepares the crossing; `scale` 1 is eight million records."""
    n = int(8_000_000 * scale)
    expected = reference("pair", n)

    def exactly_once() -> float:
        directory = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
        try:
            return run_engine(n, expected, prepare=lambda ctx: with_checkpoints(ctx, directory))
        finally:
            shutil.rmtree(directory)

    return Benchmark(
        "cost-crossing",
        "Python -> Java identity map -> Python, (str, int), parallelism 1: what a checkpoint every second costs",
        [
            Contender("exactly once", exactly_once),
            Contender("no recovery", lambda: run_engine(n, expected)),
        ],
        records=n,
    )


# ---------------------------------------------------------------------- recovery


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
        path = self.results / f"samples{ctx.get_task_index()}"
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.next = [0.0, 0.0]

    def sink(self, value: tuple[int, float]) -> None:
        now = time.time()
        branch = value[0] % 2
        if now >= self.next[branch]:
            self.next[branch] = now + 0.002
            os.write(self.file, _SAMPLE.pack(now, branch, min(int((now - value[1]) * 1e6), 2**32 - 1)))

    def close(self) -> None:
        os.close(self.file)


def samples(file: Path) -> list[tuple[float, int, int]]:
    return list(_SAMPLE.iter_unpack(file.read_bytes()))


def largest_gap(times: list[float], since: float, until: float) -> float:
    """Returns the longest time without output between two times, seconds."""
    inside = [since, *(t for t in times if since <= t <= until), until]
    return max(after - before for before, after in pairwise(inside))


def until_back(each: list[tuple[float, int, int]], killed: float, until: float) -> float:
    """Returns the seconds until the latency, as medians of 0.1 s, is back within 10 % and a millisecond of before.

    For three windows in a row: a checkpoint a second makes single ones late at any time.
    """
    limit = statistics.median(latency for t, _, latency in each if killed - 1.5 <= t < killed) * 1.1 + 1000
    good = 0
    for number in range(int((until - killed) / _WINDOW)):
        start = killed + number * _WINDOW
        window = [latency for t, _, latency in each if start <= t < start + _WINDOW]
        good = good + 1 if window and statistics.median(window) <= limit else 0
        if good == 3:  # noqa: PLR2004 - see above
            return start - 2 * _WINDOW - killed
    return until - killed


def submit(source: Ticks, results: Path, scope: str = "task") -> Any:
    """Starts the job: Python source, Java map, Python reduce and sink, parallelism 2, a JVM for each Java task."""
    ctx = StreamingContext.Builder().option("anabranch.progress", "off").build().set_parallelism(2)
    with_checkpoints(ctx, results).option("anabranch.checkpoint.interval-ms", RECOVERY_INTERVAL_MS)
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
        times = [t for file in results.glob("samples*") for t, _, _ in samples(file)]
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
        every = [[sample for sample in file if sample[1] == branch] for file in files for branch in (0, 1)]
    finally:
        shutil.rmtree(results, ignore_errors=True)
    darks, others, backs = [], [], []
    for killed, _ in kills:
        gaps = sorted(largest_gap([t for t, _, _ in each], killed, killed + 2.5) for each in every)
        darks.append(gaps[-1])
        others.append(gaps[0])
        backs.append(max(until_back(each, killed, killed + 2.9) for each in every))
    return {
        "language": language,
        "scope": scope,
        "records_per_second": 2 * rate,
        "kills": len(kills),
        "dark_seconds": darks,
        "dark_seconds_of_others": others,
        "back_seconds": backs,
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
