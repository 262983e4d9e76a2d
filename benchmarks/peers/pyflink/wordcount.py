"""Word count in Python on PyFlink: the same functions, on its DataStream API."""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import FlatMapFunction, RuntimeContext
from pyflink.datastream.connectors.number_seq import NumberSequenceSource

from benchmarks.harness.emit import emit
from benchmarks.peers.pyflink.environment import environment
from benchmarks.wordcount.outcome import read, write_counts
from benchmarks.wordcount.words import CHUNK, WORDS_PER_LINE, Count, add, first, page, pair, split

COUNT = Types.TUPLE([Types.STRING(), Types.LONG()])


class Lines(FlatMapFunction):
    """Makes lines of the numbers of chunks: sources are Java, so that this is where Python begins.

    The files have random names: in thread mode a function of this release cannot ask for its index.
    """

    def __init__(self, n_lines: int, results: str) -> None:
        self.n_lines = n_lines
        self.results = results

    def open(self, runtime_context: RuntimeContext) -> None:
        self.page = page()
        self.started = False

    def flat_map(self, chunk: int) -> Iterator[str]:
        if not self.started:
            self.started = True
            Path(self.results, f"started-{uuid.uuid4()}").write_text(repr(time.monotonic()))
        for number in range(chunk * CHUNK, min((chunk + 1) * CHUNK, self.n_lines)):
            yield self.page[number % len(self.page)]


class LastCounts(FlatMapFunction):
    """Keeps the last count of each word."""

    def __init__(self, results: str) -> None:
        self.results = results

    def open(self, runtime_context: RuntimeContext) -> None:
        self.counts: dict[str, int] = {}

    def flat_map(self, count: Count) -> Iterator[str]:
        self.counts[count[0]] = count[1]
        return iter(())

    def close(self) -> None:
        write_counts(Path(self.results), str(uuid.uuid4()), time.monotonic(), self.counts)


def main() -> None:
    n_words, parallelism, mode = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    n_lines = n_words // WORDS_PER_LINE
    with tempfile.TemporaryDirectory(prefix="pyflink-bench-") as results:
        env = environment(mode, parallelism)
        chunks = NumberSequenceSource(0, (n_lines - 1) // CHUNK)
        (
            env.from_source(chunks, WatermarkStrategy.no_watermarks(), "chunks")
            .flat_map(Lines(n_lines, results), Types.STRING())
            .flat_map(split, Types.STRING())
            .map(pair, COUNT)
            .key_by(first, Types.STRING())
            .reduce(add)
            .flat_map(LastCounts(results), Types.STRING())
            .print()
        )
        env.execute("word count")
        counted = read(Path(results))
    emit(counted.started_at, counted.ended_at, n_words, counted.check)


if __name__ == "__main__":
    main()
