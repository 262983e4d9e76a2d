"""Over the border and back: Python source, Java identity map, Python sink of (str, int), parallelism 1.

The baseline is what a careful person writes by hand for two Python processes: batches of the same size, encoded by
the same codec, through a pipe. It has one hop less and no Java.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import anabranch
from anabranch import EndOfData, RuntimeContext, SinkFunction, SourceContext, SourceFunction, StreamingContext
from anabranch.records import Decoder, Encoder, TypeRegistry
from anabranch.v1 import graph_pb2 as pb
from benchmarks.measure import OUT, Benchmark, Contender, WrongResultError

BATCH = 1024
JAVA = Path(__file__).parent / "java"
Pair = tuple[str, int]


def batches(n: int) -> Iterator[list[Pair]]:
    """Makes n records, no two alike, in batches."""
    for start in range(0, n, BATCH):
        yield [(f"record-{i}", i) for i in range(start, min(start + BATCH, n))]


def checksum(n: int) -> int:
    """Returns what `Checker.total` must be after n records."""
    return sum(len(f"record-{i}") + i for i in range(n))


class Checker:
    """Counts records and sums up what is in them."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def take(self, record: Pair) -> None:
        text, number = record
        self.count += 1
        self.total += len(text) + number


class PairSource(SourceFunction[Pair]):
    """Emits the records; the time of the first `fetch` is the start of the run."""

    def __init__(self, n: int, results: Path) -> None:
        self.n = n
        self.results = results

    def init(self, parallelism: int, index: int) -> None:  # noqa: ARG002 - parallelism is 1
        self.batches = batches(self.n)
        self.started = 0.0

    def fetch(self, ctx: SourceContext[Pair]) -> None:
        self.started = self.started or time.monotonic()
        batch = next(self.batches, None)
        if batch is None:
            (self.results / "started").write_text(repr(self.started))
            raise EndOfData
        ctx.collect_many(batch)


class CheckingSink(SinkFunction[Pair]):
    """Checks what arrives; the time of its end is the end of the run."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def open(self, ctx: RuntimeContext) -> None:  # noqa: ARG002 - the interface has it
        self.checker = Checker()

    def sink(self, value: Pair) -> None:
        self.checker.take(value)

    def close(self) -> None:
        ended = time.monotonic()
        (self.results / "ended").write_text(json.dumps([ended, self.checker.count, self.checker.total]))


def run_engine(
    n: int,
    expected: int,
    classes: Path,
    launcher: str = "local",
    prepare: Callable[[StreamingContext], object] = lambda _ctx: None,
) -> float:
    """Runs the job; its start-up and its end are not in the time, which is from the first record to the last."""
    results = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        ctx = StreamingContext.Builder().option("anabranch.progress", "off").build()
        ctx.option("anabranch.launcher", launcher)
        prepare(ctx)
        ctx.add_jar(classes)
        stream = ctx.source(PairSource(n, results)).as_java_stream().map("com.acme.Identity").as_python_stream()
        stream.sink(CheckingSink(results))
        ctx.execute("crossing")
        started = float((results / "started").read_text())
        ended, count, total = json.loads((results / "ended").read_text())
    finally:
        shutil.rmtree(results)
    return _checked(started, ended, (count, total), (n, expected))


def run_pipe(n: int, expected: int) -> float:
    """Runs the baseline."""
    spawn = multiprocessing.get_context("spawn")
    receive, send = spawn.Pipe(duplex=False)
    results, give = spawn.Pipe(duplex=False)
    consumer = spawn.Process(target=_consume, args=(receive, give))
    consumer.start()
    results.recv()  # it is up
    encoder = Encoder(pb.LANGUAGE_JAVA, TypeRegistry())
    started = time.monotonic()
    for batch in batches(n):
        payload, _ = encoder.encode(batch)
        send.send_bytes(len(batch).to_bytes(4, "big") + payload)
    send.send_bytes(bytes(4))
    ended, count, total = results.recv()
    consumer.join(timeout=30)
    return _checked(started, ended, (count, total), (n, expected))


def _consume(receive: Connection, give: Connection) -> None:
    decoder = Decoder(pb.LANGUAGE_JAVA, TypeRegistry())
    checker = Checker()
    give.send(True)
    while n := int.from_bytes((message := receive.recv_bytes())[:4], "big"):
        for record in decoder.decode(memoryview(message)[4:], n, []):
            checker.take(record)
    give.send((time.monotonic(), checker.count, checker.total))


def _checked(started: float, ended: float, got: tuple[Any, ...], expected: tuple[Any, ...]) -> float:
    if tuple(got) != expected:
        raise WrongResultError(f"crossing: expected (records, checksum) {expected}, got {got}")
    return ended - started


def compile_java() -> Path:
    """Compiles the Java map; returns the directory of its class."""
    classes = OUT / "classes"
    jar = Path(anabranch.__file__).parent / "jars" / "anabranch-runtime.jar"
    sources = [str(path) for path in JAVA.rglob("*.java")]
    subprocess.run(["javac", "-cp", str(jar), "-d", str(classes), *sources], check=True, timeout=120)
    return classes


def benchmark(scale: float) -> Benchmark:
    """Prepares the benchmark; `scale` 1 is a million records."""
    n = int(1_000_000 * scale)
    expected = checksum(n)
    classes = compile_java()
    return Benchmark(
        "crossing",
        "Python -> Java identity map -> Python, (str, int), parallelism 1",
        [
            Contender("anabranch", lambda: run_engine(n, expected, classes)),
            Contender("pipe between two Python processes, same codec", lambda: run_pipe(n, expected)),
        ],
        records=n,
    )


def benchmark_on_ray(scale: float) -> Benchmark:
    """Prepares the same job on Ray, beside local processes; `scale` 1 is four million records."""
    import ray  # noqa: PLC0415 - slow to import

    n = int(4_000_000 * scale)
    expected = checksum(n)
    classes = compile_java()
    if not ray.is_initialized():
        ray.init(num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)
    return Benchmark(
        "ray",
        "Python -> Java identity map -> Python, (str, int), parallelism 1, on Ray",
        [
            Contender("anabranch on Ray", lambda: run_engine(n, expected, classes, "ray")),
            Contender("anabranch in local processes", lambda: run_engine(n, expected, classes)),
        ],
        records=n,
    )
