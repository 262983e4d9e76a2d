"""A keyed job of n source subtasks and n reduce subtasks, n x n channels, that works a little and then is idle.

Memory is the sum of the proportional set sizes (PSS) of all processes of the job. It is taken when every channel has
carried records. The CPU time is taken while no record comes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil

from anabranch import EndOfData, JavaFunction, SourceContext, SourceFunction, StreamingContext
from benchmarks.common.marks import Marks, marks
from benchmarks.common.runs import check_of, context, report
from benchmarks.common.streams import LastSink
from benchmarks.java_classes import compile_java
from benchmarks.shuffle.job import KEYS, Pair, add, key, pair

SETTLE = 2.0
IDLE = 8.0


class PausingSource(SourceFunction[Pair]):
    """Emits its share of the pairs, has nothing to emit until the end is asked for, and ends.

    A source that waits sleeps in `fetch`, as one that reads from a socket does; one that does not returns at once and
    is asked again.
    """

    def __init__(self, n: int, marks: Marks, *, waits: bool) -> None:
        self.n = n
        self.marks = marks
        self.waits = waits

    def init(self, parallelism: int, index: int) -> None:
        self.index = index
        self.numbers = range(index, self.n, parallelism)
        self.emitted = False

    def fetch(self, ctx: SourceContext[Pair]) -> None:
        if not self.emitted:
            self.emitted = True
            self.marks.started(self.index, time.monotonic())
            ctx.collect_many(pair(number, KEYS) for number in self.numbers)
        elif end(self.marks).exists():
            raise EndOfData
        elif self.waits:
            time.sleep(1.0)


def end(marks: Marks) -> Path:
    """Returns the file that tells the sources to end."""
    return marks.directory / "end"


def build(ctx: StreamingContext, language: str, n: int, found: Marks, *, waits: bool) -> None:
    """Describes the job."""
    pairs: Any
    if language == "java":
        ctx.add_jar(compile_java())
        directory = str(found.directory)
        pairs = ctx.java_source(JavaFunction("com.acme.channels.PausingSource", n, KEYS, directory, waits))
        sums = pairs.key_by("com.acme.shuffle.Pairs::key").reduce("com.acme.shuffle.Pairs::add")
        sums.sink(JavaFunction("com.acme.bench.LastSink", directory))
    else:
        pairs = ctx.source(PausingSource(n, found, waits=waits))
        pairs.key_by(key).reduce(add).sink(LastSink(found))


def run(language: str, n: int, parallelism: int, options: list[str], *, waits: bool) -> None:
    """Runs the job and prints the figures; `n` is the number of records."""
    with marks() as found:
        ctx = context(options).set_parallelism(parallelism)
        build(ctx, language, n, found, waits=waits)
        job = ctx.submit("channels")
        while len(list(found.directory.glob("started-*.json"))) < parallelism:
            if job.ended:
                job.wait()  # raises what has gone wrong
            time.sleep(0.1)
        time.sleep(SETTLE)
        workers = [each for each in psutil.Process().children(recursive=True) if each.is_running()]
        memory = sum(each.memory_full_info().pss for each in workers) / 2**20
        sockets = sum(each.num_fds() for each in workers)
        cpu = _cpu(workers), _cpu([psutil.Process()])
        time.sleep(IDLE)
        idle, idle_master = _cpu(workers) - cpu[0], _cpu([psutil.Process()]) - cpu[1]
        end(found).touch()
        job.wait(timeout=120)
        report(
            found,
            n,
            check_of(found),
            subtasks=2 * parallelism,
            channels=parallelism**2,
            workers=len(workers),
            memory_mib=memory,
            files=sockets,
            idle_percent=100 * idle / IDLE,
            idle_master_percent=100 * idle_master / IDLE,
        )


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in processes)
