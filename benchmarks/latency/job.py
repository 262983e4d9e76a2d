"""The job: a Python source at a fixed rate, a Java identity map, a Python sink that measures.

The load is open: record i is due at `start + i / rate`, whatever the job does, and its latency counts from then. A
source that is held up, by back-pressure or by the machine, emits late, and that is in the latency of all the
records that waited (no coordinated omission).
"""

from __future__ import annotations

import time
from array import array

from anabranch import EndOfData, RuntimeContext, SinkFunction, SourceContext, SourceFunction
from benchmarks.common.marks import Marks, marks
from benchmarks.common.runs import context, report
from benchmarks.java_classes import compile_java
from benchmarks.latency.percentiles import percentile

WARM_UP = 4  # one in so many records comes first and does not count: the JIT compiler is at work
_SPIN_NS = 70_000  # a sleep ends up to so much late
Tick = tuple[int, int]


class OpenLoop(SourceFunction[Tick]):
    """Emits (number, when it was due in ns) at a rate.

    Looks at the clock at most every `tick_us`: what has become due meanwhile goes out together.
    """

    def __init__(self, n: int, rate: int, tick_us: int, marks: Marks) -> None:
        self.n = n
        self.rate = rate
        self.tick = tick_us * 1000
        self.marks = marks

    def init(self, parallelism: int, index: int) -> None:  # noqa: ARG002 - parallelism is 1
        self.next = 0
        self.start = 0
        self.looked = 0

    def due(self, number: int) -> int:
        """Returns when a record is due, ns."""
        return self.start + number * 1_000_000_000 // self.rate

    def fetch(self, ctx: SourceContext[Tick]) -> None:
        if not self.start:
            self.start = time.monotonic_ns()
            self.marks.started(0, self.start / 1e9)
        if self.next >= self.n:
            raise EndOfData
        now = _wait_until(max(self.due(self.next), self.looked + self.tick))
        self.looked = now
        until = min(self.n, (now - self.start) * self.rate // 1_000_000_000 + 1)
        ctx.collect_many([(number, self.due(number)) for number in range(self.next, until)])
        self.next = until


def _wait_until(then: int) -> int:
    """Returns the time, at or after `then`."""
    while (now := time.monotonic_ns()) < then:
        if then - now > _SPIN_NS:
            time.sleep((then - now - _SPIN_NS) / 1e9)
    return now


class Stopwatch(SinkFunction[Tick]):
    """Keeps the latency of each record in its order, as whole nanoseconds, and finds the sum of the numbers."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def open(self, ctx: RuntimeContext) -> None:  # noqa: ARG002 - the interface has it
        self.latencies = array("q")
        self.total = 0

    def sink(self, value: Tick) -> None:
        self.latencies.append(time.monotonic_ns() - value[1])
        self.total += value[0]

    def close(self) -> None:
        self.marks.ended(0, [len(self.latencies), self.total])
        (self.marks.directory / "latencies").write_bytes(self.latencies.tobytes())


def expected(n: int) -> str:
    """Returns the check of a right run."""
    return f"{n}:{n * (n - 1) // 2}"


def run(n: int, rate: int, tick_us: int, options: list[str]) -> None:
    """Runs the job and prints the figures."""
    with marks() as found:
        ctx = context(options)
        ctx.add_jar(compile_java())
        ticks = ctx.source(OpenLoop(n, rate, tick_us, found)).as_java_stream().map("com.acme.Identity")
        ticks.as_python_stream().sink(Stopwatch(found))
        ctx.execute("latency")
        latencies = array("q", (found.directory / "latencies").read_bytes())
        [[count, total]] = found.findings
        counted = sorted(latencies[n // WARM_UP :])
        figures = {f"p{name}_ms": percentile(counted, p) / 1e6 for name, p in (("50", 50), ("99", 99), ("999", 99.9))}
        report(found, count, f"{count}:{total}", **figures, max_ms=counted[-1] / 1e6)
