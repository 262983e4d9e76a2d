"""The engine: source, identity map in the other language, sink; parallelism 1."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from anabranch import (
    EndOfData,
    JavaFunction,
    RuntimeContext,
    SinkFunction,
    SourceContext,
    SourceFunction,
    StreamingContext,
)
from benchmarks.crossing.shapes import SHAPES, Item, batches
from benchmarks.harness.emit import emit
from benchmarks.java_classes import compile_java
from benchmarks.measure import WrongResultError


class Crossed(NamedTuple):
    """What a run found."""

    started_at: float
    ended_at: float
    check: str


class BatchSource(SourceFunction[Any]):
    """Emits the records; the time of the first `fetch` is the start of the run."""

    def __init__(self, shape: str, n: int, results: Path) -> None:
        self.shape = shape
        self.n = n
        self.results = results

    def init(self, parallelism: int, index: int) -> None:  # noqa: ARG002 - parallelism is 1
        self.batches = batches(self.shape, self.n)
        self.emitted = 0
        self.started = 0.0

    def fetch(self, ctx: SourceContext[Any]) -> None:
        self.started = self.started or time.monotonic()
        batch = next(self.batches, None)
        if batch is None:
            (self.results / "started").write_text(repr(self.started))
            raise EndOfData
        self.emitted += 1
        ctx.collect_many(batch)

    def save_checkpoint(self) -> int:
        return self.emitted

    def load_checkpoint(self, saved: int) -> None:
        self.emitted = saved
        for _ in range(saved):
            next(self.batches)


def checking_sink(shape: str, results: Path) -> SinkFunction[Any]:
    """Returns a sink that checks what arrives; the time of its end is the end of the run."""
    checker = SHAPES[shape].checker

    class CheckingSink(checker, SinkFunction[Any]):  # type: ignore[misc, valid-type]
        sink = checker.take  # type: ignore[assignment]

        def open(self, ctx: RuntimeContext) -> None:  # noqa: ARG002 - the interface has it
            self.count = self.total = 0

        def close(self) -> None:
            (results / "ended").write_text(f"{time.monotonic()} {self.check}")

    return CheckingSink()


def identity(value: Any) -> Any:
    """Returns what it gets, so that nothing but the language boundary costs time."""
    return value


def run(shape: str, n: int, *, java_ends: bool = False, launcher: str = "local") -> Crossed:
    """Runs the job; its start-up and its end are not in the times, which are of the first record and the last."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build()
        ctx.option("anabranch.launcher", launcher)
        ctx.add_jar(compile_java())
        ctx.register_type(Item, "com.acme.Item")
        if java_ends:
            source = ctx.java_source(JavaFunction("com.acme.ShapeSource", shape, n, str(results)))
            source.as_python_stream().map(identity).as_java_stream().sink(
                JavaFunction("com.acme.CheckingSink", shape, str(results))
            )
        else:
            stream = ctx.source(BatchSource(shape, n, results)).as_java_stream().map("com.acme.Identity")
            stream.as_python_stream().sink(checking_sink(shape, results))
        ctx.execute("crossing")
        ended, check = (results / "ended").read_text().split()
        return Crossed(float((results / "started").read_text()), float(ended), check)
    finally:
        shutil.rmtree(results)


def run_engine(n: int, expected: str, launcher: str = "local") -> float:
    """Runs the job with (str, int) and checks it; returns the seconds."""
    crossed = run("pair", n, launcher=launcher)
    if crossed.check != expected:
        raise WrongResultError(f"crossing: expected {expected}, got {crossed.check}")
    return crossed.ended_at - crossed.started_at


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("records", type=int)
    parser.add_argument("--java-ends", action="store_true", help="Java to Python to Java")
    options = parser.parse_args()
    crossed = run(options.shape, options.records, java_ends=options.java_ends)
    emit(crossed.started_at, crossed.ended_at, options.records, crossed.check)


if __name__ == "__main__":
    main()
