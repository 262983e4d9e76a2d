"""Keys: their bytes, their key groups, and the subtasks these belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anabranch.errors import RecordError
from anabranch.records.codec import encode_batch
from anabranch.records.encoder import ValueEncoder
from anabranch.records.groups import key_group
from anabranch.records.keyed import Places, is_small, split_by_key
from anabranch.records.types import TypeRegistry

# Keys of one type that are remembered, and shapes of tuples.
_CACHE_SIZE = 1 << 16
_MAX_SHAPES = 64


class KeyEncoder:
    """Encodes keys to their canonical bytes; keys are equal if these are."""

    def __init__(self, types: TypeRegistry | None = None) -> None:
        """Creates an encoder.

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


def subtask_of(group: int, parallelism: int, max_parallelism: int) -> int:
    """Returns the subtask that a key group belongs to."""
    return group * parallelism // max_parallelism


class KeySelector:
    """Chooses a subtask for each key, remembering those of the keys it has met.

    Keys that are str, int of 64 bits, bytes, or tuples of these are remembered, up to a limit: their equality is that
    of their bytes as long as their types are the same, and hashing them runs no code of the user's.
    """

    def __init__(self, parallelism: int, max_parallelism: int, types: TypeRegistry | None = None) -> None:
        """Creates a selector.

        Args:
            parallelism: Number of subtasks, at most `max_parallelism`.
            max_parallelism: Number of key groups.
            types: The types of the job, for keys that are instances or enum members; None if there are none.
        """
        self._encoder = KeyEncoder(types)
        self._parallelism = parallelism
        self._max_parallelism = max_parallelism
        # One cache per type: in a single dict 1, 1.0 and True would be one key.
        self._caches: dict[type, dict[Any, int]] = {str: {}, int: {}, bytes: {}}
        self._tuple_caches: dict[tuple[type, ...], dict[Any, int] | None] = {}

    def split(self, keys: Sequence[Any], values: Sequence[Any]) -> list[tuple[list[Any], list[Any]]]:
        """Returns the values and the keys of each subtask, in their order.

        Raises:
            RecordError: A value cannot be a key; with its index.
        """
        parts: list[tuple[list[Any], list[Any]]] = [([], []) for _ in range(self._parallelism)]
        try:
            split_by_key(keys, values, Places(self._caches[str], self._caches[int], self.index_of), parts)
        except RecordError as error:
            index = sum(len(part) for part, _ in parts)
            raise RecordError(str(error), index=index, path=error.path) from error.__cause__
        return parts

    def index_of(self, key: Any) -> int:
        """Returns the subtask of a key.

        Raises:
            RecordError: The value cannot be a key.
        """
        kind = type(key)
        cache = self._tuple_cache(key) if kind is tuple else self._caches.get(kind)
        if kind is int and not is_small(key):
            cache = None
        if cache is None:
            return self._choose(key)
        index = cache.get(key)
        if index is None:
            index = self._choose(key)
            if len(cache) >= _CACHE_SIZE:
                cache.clear()
            cache[key] = index
        return index

    def _choose(self, key: Any) -> int:
        group = key_group(self._encoder.encode(key), self._max_parallelism)
        return subtask_of(group, self._parallelism, self._max_parallelism)

    def _tuple_cache(self, key: tuple[Any, ...]) -> dict[Any, int] | None:
        kinds = tuple(map(type, key))
        if int in kinds and not all(is_small(part) for part in key if type(part) is int):
            return None
        try:
            return self._tuple_caches[kinds]
        except KeyError:
            if len(self._tuple_caches) >= _MAX_SHAPES:
                self._tuple_caches.clear()
            cache: dict[Any, int] | None = {} if all(kind in self._caches for kind in kinds) else None
            self._tuple_caches[kinds] = cache
            return cache
