"""The actors of a pipeline by hand; imported by name, so not in the script."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.crossing.shapes import SHAPES

BATCH = 1_000


class Source:
    """Makes batches."""

    def __init__(self, shape: str, n: int, *, as_bytes: bool) -> None:
        make = SHAPES[shape].make
        self.batches: Iterator[list[Any]] = (make(low, min(low + BATCH, n)) for low in range(0, n, BATCH))
        self.encode: Callable[[list[Any]], Any] = dumps if as_bytes else _same
        self.started = 0.0

    def next(self) -> Any:
        self.started = self.started or time.monotonic()
        return self.encode(next(self.batches))

    def started_at(self) -> float:
        return self.started


class Identity:
    """Hands a batch on, record by record, as a user's function would be called."""

    def map(self, batch: list[Any]) -> list[Any]:
        return [_same(record) for record in batch]


class Sink:
    """Checks what arrives."""

    def __init__(self, shape: str, *, as_bytes: bool) -> None:
        self.checker = SHAPES[shape].checker()
        self.decode: Callable[[Any], list[Any]] = pickle.loads if as_bytes else _same

    def take(self, batch: Any) -> None:
        for record in self.decode(batch):
            self.checker.take(record)

    def found(self) -> tuple[float, str]:
        return time.monotonic(), self.checker.check


def dumps(batch: list[Any]) -> bytes:
    return pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)


def _same(value: Any) -> Any:
    return value
