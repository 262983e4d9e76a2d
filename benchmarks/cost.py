"""What exactly-once costs: the same job with a checkpoint every second, and without any."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from anabranch import RuntimeContext, SinkFunction, StreamingContext
from benchmarks.crossing.engine import BatchSource
from benchmarks.crossing.shapes import SHAPES, reference
from benchmarks.java_classes import compile_java
from benchmarks.measure import Benchmark, Contender, WrongResultError
from benchmarks.wordcount.engine import Lines
from benchmarks.wordcount.words import Count, add, first, lines, pair, split

INTERVAL_MS = 1000


class LastCounts(SinkFunction[Count]):
    """Keeps the last count of each word, and when the last record came."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def open(self, ctx: RuntimeContext) -> None:
        self.index = ctx.task_index
        self.counts: dict[str, int] = {}
        self.last = 0.0

    def sink(self, value: Count) -> None:
        self.counts[value[0]] = value[1]
        if value[1] % 64 == 0:
            self.last = time.monotonic()

    def close(self) -> None:
        (self.results / f"ended{self.index}").write_text(json.dumps([self.last, self.counts]))


def with_checkpoints(ctx: StreamingContext, directory: Path, interval_ms: int = INTERVAL_MS) -> StreamingContext:
    """Turns exactly-once on."""
    ctx.option("anabranch.checkpoint.dir", str(directory / "checkpoints"))
    return ctx.option("anabranch.checkpoint.interval-ms", interval_ms)


def run_wordcount(n_words: int, expected: dict[str, int], *, exactly_once: bool) -> float:
    """Counts words at parallelism 2; the time is from the first line to the last count."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build().set_parallelism(2)
        if exactly_once:
            with_checkpoints(ctx, results)
        counted = ctx.source(Lines(n_words, results)).flat_map(split).map(pair).key_by(first).reduce(add)
        counted.sink(LastCounts(results))
        ctx.execute("word_count")
        started = min(float(file.read_text()) for file in results.glob("started*"))
        ends = [json.loads(file.read_text()) for file in results.glob("ended*")]
    finally:
        shutil.rmtree(results)
    counts = {word: count for _, each in ends for word, count in each.items()}
    if counts != expected:
        raise WrongResultError(f"word count: {sum(counts.values())} words, expected {sum(expected.values())}")
    last: float = max(end for end, _ in ends)
    return last - started


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


def timed_sink(n: int, results: Path) -> SinkFunction[Any]:
    """Returns a sink of n pairs that checks them, and takes the time of the last three quarters of them.

    In the first quarter the JVM compiles, and standby workers start.
    """
    checker = SHAPES["pair"].checker

    class TimedSink(checker, SinkFunction[Any]):  # type: ignore[misc, valid-type]
        def sink(self, value: tuple[str, int]) -> None:
            self.take(value)
            if self.count == n // 4:
                self.began = time.monotonic()
            elif self.count == n:
                (results / "took").write_text(f"{time.monotonic() - self.began} {self.check}")

    return TimedSink()


def run_crossing(n: int, expected: str, *, exactly_once: bool) -> float:
    """Has pairs cross from Python to Java and back; returns the seconds of the last three quarters."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build().add_jar(compile_java())
        if exactly_once:
            with_checkpoints(ctx, results)
        stream = ctx.source(BatchSource("pair", n, results)).as_java_stream().map("com.acme.Identity")
        stream.as_python_stream().sink(timed_sink(n, results))
        ctx.execute("crossing")
        seconds, check = (results / "took").read_text().split()
    finally:
        shutil.rmtree(results)
    if check != expected:
        raise WrongResultError(f"crossing: expected {expected}, got {check}")
    return float(seconds)


def cost_of_crossing(scale: float) -> Benchmark:
    """Prepares the crossing; `scale` 1 is 24 million records, of which 18 million are timed."""
    n = int(24_000_000 * scale) // 4 * 4
    expected = reference("pair", n)
    return Benchmark(
        "cost-crossing",
        "Python -> Java identity map -> Python, (str, int), parallelism 1: what a checkpoint every second costs",
        [
            Contender("exactly once", lambda: run_crossing(n, expected, exactly_once=True)),
            Contender("no recovery", lambda: run_crossing(n, expected, exactly_once=False)),
        ],
        records=n * 3 // 4,
    )
