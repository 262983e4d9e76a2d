"""The records that cross, and what is checked of them; needs nothing but the standard library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

BATCH = 1024
_PADDING = bytes(range(256)) * 4


@dataclass
class Item:
    """Stands for the Java record com.acme.Item."""

    id: int
    name: str
    price: float
    active: bool
    city: str
    quantity: int


class Checker:
    """Counts records and sums up what is in them."""

    count = 0
    total = 0

    def take(self, record: Any) -> None:
        raise NotImplementedError

    @property
    def check(self) -> str:
        """What a run prints."""
        return f"{self.count}:{self.total}"


class PairChecker(Checker):
    def take(self, record: tuple[str, int]) -> None:
        text, number = record
        self.count += 1
        self.total += len(text) + number


class DictChecker(Checker):
    def take(self, record: dict[str, Any]) -> None:
        self.count += 1
        self.total += record["id"] + len(record["name"]) + record["quantity"]


class ItemChecker(Checker):
    def take(self, record: Item) -> None:
        self.count += 1
        self.total += record.id + len(record.name) + record.quantity


class BytesChecker(Checker):
    def take(self, record: bytes) -> None:
        self.count += 1
        self.total += int.from_bytes(record[:8], "big") + len(record)


@dataclass(frozen=True)
class Shape:
    """A kind of record.

    Attributes:
        title: In words.
        make: Makes the records from one number to another.
        checker: Takes them at the end of their way.
    """

    title: str
    make: Callable[[int, int], list[Any]]
    checker: type[Checker]


SHAPES = {
    "pair": Shape("(str, int)", lambda low, high: [(f"record-{i}", i) for i in range(low, high)], PairChecker),
    "dict": Shape(
        "dict of 6 fields",
        lambda low, high: [
            {
                "id": i,
                "name": f"name-{i}",
                "price": i * 0.25,
                "active": i % 2 == 0,
                "city": "Lisboa",
                "quantity": i % 100,
            }
            for i in range(low, high)
        ],
        DictChecker,
    ),
    "item": Shape(
        "dataclass and Java record of 6 fields",
        lambda low, high: [Item(i, f"name-{i}", i * 0.25, i % 2 == 0, "Lisboa", i % 100) for i in range(low, high)],
        ItemChecker,
    ),
    "bytes": Shape(
        "1 KiB of bytes",
        lambda low, high: [i.to_bytes(8, "big") + _PADDING[8:] for i in range(low, high)],
        BytesChecker,
    ),
}


def batches(shape: str, n: int) -> Iterator[list[Any]]:
    """Makes n records, no two alike, in batches."""
    make = SHAPES[shape].make
    return (make(start, min(start + BATCH, n)) for start in range(0, n, BATCH))


def reference(shape: str, n: int) -> str:
    """Returns the check of n records that went nowhere."""
    checker = SHAPES[shape].checker()
    for batch in batches(shape, n):
        for record in batch:
            checker.take(record)
    return checker.check
