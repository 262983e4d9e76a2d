"""Deterministic numbers, and sums that say whether two runs had the same records in whatever order.

`com.acme.bench.Digest` does the same in Java; tests/python/benchmarks holds the two against each other.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

MASK = (1 << 64) - 1


def mix(n: int) -> int:
    """Returns 64 well mixed bits for a number: the n-th output of SplitMix64 with seed 0."""
    h = (n + 1) * 0x9E3779B97F4A7C15 & MASK
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & MASK
    h = (h ^ h >> 27) * 0x94D049BB133111EB & MASK
    return h ^ h >> 31


def digest(record: Iterable[Any]) -> int:
    """Returns a number for a record that is a sequence of whole numbers and strings; its fields' order matters."""
    h = 17
    for field in record:
        h = h * 31 + (zlib.crc32(field.encode()) if isinstance(field, str) else field)
    return h & MASK


def check(count: int, total: int) -> str:
    """Returns what a run has to show: how many records, and the sum of their digests."""
    return f"{count}:{total & MASK:016x}"


def check_all(records: Iterable[Iterable[Any]]) -> str:
    """Returns `check` of all of these records."""
    count = total = 0
    for record in records:
        count += 1
        total += digest(record)
    return check(count, total)
