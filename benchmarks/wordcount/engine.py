"""The engine: source, flat_map and map, key_by and reduce, and sink are each in the language that is asked for."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from anabranch import (
    EndOfData,
    JavaFunction,
    RuntimeContext,
    SinkFunction,
    SourceContext,
    SourceFunction,
    StreamingContext,
)
from benchmarks.harness.emit import emit
from benchmarks.java_classes import compile_java
from benchmarks.wordcount.outcome import Counted, read, write_counts
from benchmarks.wordcount.words import CHUNK, Count, LastCounts, add, first, lines, pair, split, write_page


class Lines(SourceFunction[str]):
    """Emits the lines; the time of the first `fetch` is the start of the run."""

    def __init__(self, n_words: int, results: Path) -> None:
        self.n_words = n_words
        self.results = results

    def init(self, parallelism: int, index: int) -> None:
        self.index = index
        self.lines = lines(self.n_words, index, parallelism)
        self.chunks = 0
        self.started = 0.0

    def fetch(self, ctx: SourceContext[str]) -> None:
        self.started = self.started or time.monotonic()
        chunk = list(islice(self.lines, CHUNK))
        if not chunk:
            (self.results / f"started-{self.index}").write_text(repr(self.started))
            raise EndOfData
        self.chunks += 1
        ctx.collect_many(chunk)

    def save_checkpoint(self) -> int:
        return self.chunks

    def load_checkpoint(self, saved: int) -> None:
        self.chunks = saved
        self.lines = islice(self.lines, saved * CHUNK, None)


class CountSink(LastCounts, SinkFunction[Count]):
    """Keeps the last count of each word; the time of its end is the end of the run."""

    sink = LastCounts.take  # type: ignore[assignment]

    def __init__(self, results: Path) -> None:
        super().__init__()
        self.results = results

    def open(self, ctx: RuntimeContext) -> None:
        self.index = ctx.task_index

    def close(self) -> None:
        write_counts(self.results, self.index, time.monotonic(), self.counts)


def run(n_words: int, languages: str = "pppp", parallelism: int = 1) -> Counted:
    """Runs the job; its start-up and its end are not in the times, which are of the first line and the last count.

    Args:
        n_words: How many words.
        languages: `p` or `j` for the source, flat_map and map, key_by and reduce, and the sink.
        parallelism: Subtasks of each operator.
    """
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    source, mapping, reducing, sinking = list(languages)
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build().set_parallelism(parallelism)
        if "j" in languages:
            ctx.add_jar(compile_java())
        stream: Any
        if source == "p":
            stream = ctx.source(Lines(n_words, results))
        else:
            page = str(write_page(results / "page"))
            stream = ctx.java_source(JavaFunction("com.acme.LineSource", page, n_words, str(results)))
        stream = _to(stream, source, mapping)
        if mapping == "p":
            stream = stream.flat_map(split).map(pair)
        else:
            stream = stream.flat_map("com.acme.Split").map("com.acme.Words::pair")
        stream = _to(stream, mapping, reducing)
        if reducing == "p":
            stream = stream.key_by(first).reduce(add)
        else:
            stream = stream.key_by("com.acme.Words::first").reduce("com.acme.Words::add")
        stream = _to(stream, reducing, sinking)
        stream.sink(CountSink(results) if sinking == "p" else JavaFunction("com.acme.LastCounts", str(results)))
        ctx.execute("word_count")
        return read(results)
    finally:
        shutil.rmtree(results)


def _to(stream: Any, before: str, after: str) -> Any:
    if before == after:
        return stream
    switch: Callable[[], Any] = stream.as_java_stream if after == "j" else stream.as_python_stream
    return switch()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("words", type=int)
    parser.add_argument("languages", help="four letters, p or j")
    parser.add_argument("parallelism", type=int)
    options = parser.parse_args()
    counted = run(options.words, options.languages, options.parallelism)
    emit(counted.started_at, counted.ended_at, options.words, counted.check)


if __name__ == "__main__":
    main()
