"""Word count in Python: flat_map, map, key_by, reduce, sink, parallelism 1.

The baseline is the loop that one would write by hand: the same functions, called one after the other for each word.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from anabranch import EndOfData, RuntimeContext, SinkFunction, SourceContext, SourceFunction, StreamingContext
from benchmarks.measure import Benchmark, Contender, WrongResultError

WORDS_PER_LINE = 10
VOCABULARY = 10_000
CHUNK = 128
Count = tuple[str, int]


def lines(n_words: int) -> Iterator[str]:
    """Makes lines of words, a few of them frequent and most rare; the same ones in every run."""
    dice = random.Random(20130101)
    words = [f"word{i}" for i in range(VOCABULARY)]
    weights = [1 / (i + 1) for i in range(VOCABULARY)]
    page = [" ".join(dice.choices(words, weights, k=WORDS_PER_LINE)) for _ in range(5_000)]
    return (page[i % len(page)] for i in range(n_words // WORDS_PER_LINE))


def split(line: str) -> list[str]:
    return line.split()


def pair(word: str) -> Count:
    return (word, 1)


def first(count: Count) -> str:
    return count[0]


def add(old: Count, new: Count) -> Count:
    return (old[0], old[1] + new[1])


class Lines(SourceFunction[str]):
    """Emits the lines; the time of the first `fetch` is the start of the run."""

    def __init__(self, n_words: int, results: Path) -> None:
        self.n_words = n_words
        self.results = results

    def init(self, parallelism: int, index: int) -> None:  # noqa: ARG002 - parallelism is 1
        self.lines = lines(self.n_words)
        self.started = 0.0

    def fetch(self, ctx: SourceContext[str]) -> None:
        self.started = self.started or time.monotonic()
        chunk = list(islice(self.lines, CHUNK))
        if not chunk:
            (self.results / "started").write_text(repr(self.started))
            raise EndOfData
        ctx.collect_many(chunk)


class LastCounts(SinkFunction[Count]):
    """Keeps the last count of each word; the time of its end is the end of the run."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def open(self, ctx: RuntimeContext) -> None:  # noqa: ARG002 - the interface has it
        self.counts: dict[str, int] = {}

    def sink(self, value: Count) -> None:
        self.counts[value[0]] = value[1]

    def close(self) -> None:
        (self.results / "ended").write_text(json.dumps([time.monotonic(), self.counts]))


def run_engine(n_words: int, expected: dict[str, int]) -> float:
    """Runs the job; the time is from the first line to the last count."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build()
        counted = ctx.source(Lines(n_words, results)).flat_map(split).map(pair).key_by(first).reduce(add)
        counted.sink(LastCounts(results))
        ctx.execute("word_count")
        started = float((results / "started").read_text())
        ended, counts = json.loads((results / "ended").read_text())
    finally:
        shutil.rmtree(results)
    return _checked(ended - started, counts, expected)


def run_loop(n_words: int, expected: dict[str, int]) -> float:
    """Runs the baseline."""
    counts: dict[str, int] = {}
    state: dict[str, Count] = {}
    all_lines = lines(n_words)
    started = time.monotonic()
    for line in all_lines:
        for word in split(line):
            new = pair(word)
            key = first(new)
            old = state.get(key)
            state[key] = reduced = new if old is None else add(old, new)
            counts[reduced[0]] = reduced[1]
    return _checked(time.monotonic() - started, counts, expected)


def _checked(seconds: float, counts: dict[str, int], expected: dict[str, int]) -> float:
    if counts != expected:
        raise WrongResultError(f"word count: {sum(counts.values())} words, expected {sum(expected.values())}")
    return seconds


def benchmark(scale: float) -> Benchmark:
    """Prepares the benchmark; `scale` 1 is two million words."""
    n_words = int(2_000_000 * scale) // WORDS_PER_LINE * WORDS_PER_LINE
    expected: dict[str, int] = {}
    for line in lines(n_words):
        for word in line.split():
            expected[word] = expected.get(word, 0) + 1
    return Benchmark(
        "wordcount",
        "Word count in Python, parallelism 1",
        [
            Contender("anabranch", lambda: run_engine(n_words, expected)),
            Contender("loop by hand in one process", lambda: run_loop(n_words, expected)),
        ],
        records=n_words,
        unit="words",
    )
