"""Keys: their bytes, their key groups, and the subtasks these belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmh3

from anabranch.records.encoder import ValueEncoder, encode_batch
from anabranch.records.types import TypeRegistry

_CACHE_SIZE = 1 << 16


class KeyEncoder:
    """Encodes keys to their canonical bytes; keys are equal if these are."""

    def __init__(self, types: TypeRegistry | None = None) -> None:
        """Makes an encoder.

        Args:
            types: The types of the job, for keys that are instances or enum members; None if there are none.
        """
        self._encoder = ValueEncoder(types or TypeRegistry(), key=True)

    def encode(self, key: Any) -> bytes:
        """Returns the bytes of one key.

        Raises:
            RecordError: The value cannot be a key.
        """
        return encode_batch(self._encoder, [key])


def encode_key(key: Any) -> bytes:
    """Returns the bytes of a key of plain types; see `KeyEncoder`."""
    return KeyEncoder().encode(key)


def key_group(encoded: bytes, max_parallelism: int) -> int:
    """Returns the key group of an encoded key: murmur3 (x86, 32 bit, seed 0) of its bytes."""
    digest: int = mmh3.hash(encoded, 0, signed=False)
    return digest % max_parallelism


def subtask_of(group: int, parallelism: int, max_parallelism: int) -> int:
    """Returns the subtask that a key group belongs to."""
    return group * parallelism // max_parallelism


class KeySelector:
    """Chooses a subtask for each key, remembering those of the keys it has met."""

    def __init__(self, parallelism: int, max_parallelism: int, types: TypeRegistry | None = None) -> None:
        self._encoder = KeyEncoder(types)
        self._parallelism = parallelism
        self._max_parallelism = max_parallelism
        # One cache per type: in a single dict 1, 1.0 and True would be one key.
        self._by_str: dict[str, int] = {}
        self._by_int: dict[int, int] = {}

    def indexes(self, keys: Sequence[Any]) -> list[int]:
        """Returns the subtask of each key.

        Raises:
            RecordError: A value cannot be a key; with its index.
        """
        if len(self._by_str) > _CACHE_SIZE:
            self._by_str.clear()
        if len(self._by_int) > _CACHE_SIZE:
            self._by_int.clear()
        by_str, by_int, choose = self._by_str, self._by_int, self._choose
        result = []
        for key in keys:
            kind = type(key)
            if kind is str:
                index = by_str.get(key)
                if index is None:
                    index = by_str[key] = choose(key)
            elif kind is int:
                index = by_int.get(key)
                if index is None:
                    index = by_int[key] = choose(key)
            else:
                index = choose(key)
            result.append(index)
        return result

    def _choose(self, key: Any) -> int:
        group = key_group(self._encoder.encode(key), self._max_parallelism)
        return subtask_of(group, self._parallelism, self._max_parallelism)
