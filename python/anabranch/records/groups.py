"""Key groups: which one a key belongs to, and the entries of a state by theirs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import mmh3

from anabranch.records.scalars import encode_int
from anabranch.records.wire import encode_utf8


def key_group(encoded: bytes, max_parallelism: int) -> int:
    """Returns the key group of an encoded key: murmur3 (x86, 32 bit, seed 0) of its bytes."""
    digest: int = mmh3.hash(encoded, 0, signed=False)
    return digest % max_parallelism


def group_entries(
    tables: tuple[dict[Any, Any], ...], n_groups: int, save: Callable[[Any], Any] | None
) -> list[list[Any] | None]:
    """Returns, for each key group that has any, its entries as a list: key, value, key, value and so on.

    Args:
        tables: Dicts whose keys are exactly str, int of 64 bits, or bytes that are the canonical form of another key.
        n_groups: Number of key groups.
        save: Returns what stands for a value; None: itself.
    """
    groups: list[list[Any] | None] = [None] * n_groups
    for key, value in chain.from_iterable(table.items() for table in tables):
        number = key_group(_canonical(key), n_groups)
        entries = groups[number]
        if entries is None:
            entries = groups[number] = []
        entries += (key, value if save is None else save(value))
    return groups


def _canonical(key: str | int | bytes) -> bytes:
    if isinstance(key, bytes):
        return key
    if isinstance(key, int):
        return encode_int(key)
    # A lone surrogate is no key where keys are sent; where they are not, it has to be in some group.
    return encode_utf8(key.encode(errors="surrogatepass"))
