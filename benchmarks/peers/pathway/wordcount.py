"""Word count on Pathway: `split` is a function in Python, the counting is its own operator, which is native."""

from __future__ import annotations

import os
import sys
import time

# Read when Pathway starts its workers; in one process, as their work is native.
os.environ["PATHWAY_THREADS"] = sys.argv[2]

import pathway as pw

from benchmarks.harness.emit import emit
from benchmarks.wordcount.words import check, lines, split


class Lines(pw.io.python.ConnectorSubject):
    """Emits the lines."""

    def __init__(self, n_words: int) -> None:
        super().__init__()
        self.n_words = n_words
        self.started = 0.0

    def run(self) -> None:
        self.started = time.monotonic()
        for line in lines(self.n_words):
            self.next(line=line)


class LastCounts:
    """Keeps the last count of each word; the time of its end is the end of the run."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.ended = 0.0

    def on_change(self, key: pw.Pointer, row: dict[str, object], time: int, is_addition: bool) -> None:
        if is_addition:
            self.counts[str(row["word"])] = int(str(row["count"]))

    def on_end(self) -> None:
        self.ended = time.monotonic()


def main() -> None:
    n_words = int(sys.argv[1])
    source, sink = Lines(n_words), LastCounts()
    table = pw.io.python.read(source, schema=pw.schema_from_types(line=str), autocommit_duration_ms=100)
    words = table.select(word=pw.apply_with_type(split, list[str], pw.this.line)).flatten(pw.this.word)
    counted = words.groupby(pw.this.word).reduce(pw.this.word, count=pw.reducers.count())
    pw.io.subscribe(counted, on_change=sink.on_change, on_end=sink.on_end)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    emit(source.started, sink.ended, n_words, check(sink.counts))


if __name__ == "__main__":
    main()
