"""Jobs that recover from a failure, and how to make them fail."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import psutil

from anabranch import EndOfData, ProcessFunction, SourceFunction, StreamingContext


class Slowly(SourceFunction):
    """Emits the numbers below a limit, a few at a time, and resumes after a failure where it was."""

    def __init__(self, limit: int, pause: float = 0.001) -> None:
        self.limit, self.pause = limit, pause

    def init(self, parallelism: int, index: int) -> None:
        self.next, self.step = index, parallelism

    def fetch(self, ctx) -> None:
        if self.next >= self.limit:
            raise EndOfData
        for _ in range(20):
            if self.next < self.limit:
                ctx.collect(self.next)
                self.next += self.step
        time.sleep(self.pause)

    def save_checkpoint(self) -> int:
        return self.next

    def load_checkpoint(self, saved: int) -> None:
        self.next = saved


class Numbered(ProcessFunction):
    """Says of each record which one of its key it is: duplicated or lost records leave a trace in all that follow."""

    def process(self, value, ctx, collector) -> None:
        n = ctx.get_state(0) + 1
        ctx.set_state(n)
        collector.collect((ctx.key, n, value))


def context(directory: Path, **options: Any) -> StreamingContext:
    builder = StreamingContext.Builder().option("anabranch.checkpoint.dir", str(directory / "checkpoints"))
    builder.option("anabranch.checkpoint.interval-ms", 200).option("anabranch.recovery.attempts", 20)
    for name, value in options.items():
        builder.option(f"anabranch.{name.replace('__', '.').replace('_', '-')}", value)
    return builder.build().set_parallelism(2)


def workers(kind: str = "") -> list[psutil.Process]:
    """The processes of workers that have tasks, or that are named so."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            name = process.environ().get("ANABRANCH_WORKER_ID", "java" if "java" in process.name() else "")
        except psutil.Error:
            continue
        if name and kind in name:
            found.append(process)
    return found


def kill_some(job, rng: random.Random, kinds: list[str], pause: float = 0.3, at_once: int = 1) -> int:
    """Kills workers of these kinds, one after the other, while the job runs; returns how many."""
    killed = 0
    while job.status().state.name in ("CREATED", "DEPLOYING"):
        time.sleep(0.01)
    for kind in kinds:
        time.sleep(rng.uniform(0, 2 * pause))
        there = workers(kind)
        for victim in rng.sample(there, min(at_once, len(there))):
            if not job.ended:
                victim.kill()
                killed += 1
    return killed


def assert_numbered_once(got: list[tuple[int, int, int]], values: list[int], keys: int) -> None:
    assert Counter(value for _, _, value in got) == Counter(values)
    numbers = defaultdict(list)
    for key, n, _ in got:
        numbers[key].append(n)
    for key in range(keys):
        assert sorted(numbers[key]) == list(range(1, len(numbers[key]) + 1))
