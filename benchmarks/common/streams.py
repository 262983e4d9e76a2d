"""Sources that say when they began, and sinks that sum up what they are given.

Their Java twins are in benchmarks/java/com/acme/bench.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from anabranch import EndOfData, RuntimeContext, SinkFunction, SourceContext, SourceFunction
from benchmarks.common.digest import MASK, digest
from benchmarks.common.marks import Marks

BATCH = 512


def blocks(n: int, parallelism: int, index: int) -> Iterator[range]:
    """Deals the numbers below n out to subtasks, a batch at a time."""
    for start in range(index * BATCH, n, parallelism * BATCH):
        yield range(start, min(start + BATCH, n))


class NumberedSource(SourceFunction[Any]):
    """Emits `record(i)` for each i below n; the subtasks share the numbers."""

    def __init__(self, n: int, marks: Marks) -> None:
        self.n = n
        self.marks = marks

    def init(self, parallelism: int, index: int) -> None:
        self.index = index
        self.blocks = blocks(self.n, parallelism, index)
        self.running = False

    def records(self, numbers: range) -> list[Any]:
        """Returns the records of these numbers."""
        raise NotImplementedError

    def fetch(self, ctx: SourceContext[Any]) -> None:
        if not self.running:
            self.running = True
            self.marks.started(self.index, time.monotonic())
        block = next(self.blocks, None)
        if block is None:
            raise EndOfData
        ctx.collect_many(self.records(block))


class SumSink(SinkFunction[Any]):
    """Finds how many records there were and the sum of their digests."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def open(self, ctx: RuntimeContext) -> None:
        self.index = ctx.get_task_index()
        self.count = self.total = 0

    def sink(self, value: Any) -> None:
        self.count += 1
        self.total += digest(value)

    def close(self) -> None:
        self.marks.ended(self.index, [self.count, self.total & MASK])


class LastSink(SinkFunction[Any]):
    """Keeps the last record of each first field; finds how many there are and the sum of their digests."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def open(self, ctx: RuntimeContext) -> None:
        self.index = ctx.get_task_index()
        self.last: dict[Any, Any] = {}

    def sink(self, value: Any) -> None:
        self.last[value[0]] = value

    def close(self) -> None:
        self.marks.ended(self.index, [len(self.last), sum(map(digest, self.last.values())) & MASK])
