"""The Python operators of a PyFlink job that crosses the language boundary; pickled by name, so not in the script."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyflink.common import Row
from pyflink.datastream import FlatMapFunction, RuntimeContext

from benchmarks.crossing.shapes import BATCH, SHAPES, Checker

ROWS = ("dict", "item")


class RowChecker(Checker):
    """Takes what stands for a dict or an instance: fields of several types, with names, are a `Row`."""

    def take(self, record: Row) -> None:
        self.count += 1
        self.total += record["id"] + len(record["name"]) + record["quantity"]


def make_rows(low: int, high: int) -> list[Row]:
    """Creates the same values as `shapes` does."""
    return [
        Row(id=i, name=f"name-{i}", price=i * 0.25, active=i % 2 == 0, city="Lisboa", quantity=i % 100)
        for i in range(low, high)
    ]


class Records(FlatMapFunction):
    """Creates the records of a batch."""

    def __init__(self, shape: str, n: int, results: str) -> None:
        self.shape = shape
        self.n = n
        self.results = results

    def open(self, runtime_context: RuntimeContext) -> None:
        self.make = make_rows if self.shape in ROWS else SHAPES[self.shape].make
        self.started = False

    def flat_map(self, batch: int) -> Iterator[Any]:
        if not self.started:
            self.started = True
            Path(self.results, "started").write_text(repr(time.monotonic()))
        return iter(self.make(batch * BATCH, min((batch + 1) * BATCH, self.n)))


class Check(FlatMapFunction):
    """Checks what arrives; the time of its end is the end of the run."""

    def __init__(self, shape: str, results: str) -> None:
        self.shape = shape
        self.results = results

    def open(self, runtime_context: RuntimeContext) -> None:
        self.checker = RowChecker() if self.shape in ROWS else SHAPES[self.shape].checker()

    def flat_map(self, record: Any) -> Iterator[str]:
        self.checker.take(record)
        return iter(())

    def close(self) -> None:
        Path(self.results, "ended").write_text(f"{time.monotonic()} {self.checker.check}")
