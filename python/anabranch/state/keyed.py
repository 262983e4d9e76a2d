"""State by key, where `1`, `1.0` and `True` are different keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from anabranch.records import KeyEncoder
from anabranch.records.keyed import Places, is_small, reduce_by_key

V = TypeVar("V")


class KeyedState(Generic[V]):
    """One value per key. Keys are equal if their canonical bytes are (docs/design/002-records.md).

    A dict on the keys themselves would confuse 1, 1.0 and True. Strings and integers of 64 bits, by their exact type,
    have a dict of their own; all other keys share one dict on their canonical bytes, of which nobody can foretell the
    hash. (That of an integer is public: the multiples of 2**61 - 1 have all the same.)
    """

    def __init__(self) -> None:
        self._encode = KeyEncoder().encode
        self._by_str: dict[Any, V] = {}
        self._by_int: dict[Any, V] = {}
        self._by_bytes: dict[Any, V] = {}

    def save(self) -> list[Any]:
        """Returns everything as a list of values: for each entry which dict, the slot, the value."""
        saved: list[Any] = []
        for number, table in enumerate((self._by_str, self._by_int, self._by_bytes)):
            for slot, value in table.items():
                saved += (number, slot, value)
        return saved

    def load(self, saved: list[Any]) -> None:
        """Takes back what `save` has returned."""
        tables = (self._by_str, self._by_int, self._by_bytes)
        for number, slot, value in zip(saved[::3], saved[1::3], saved[2::3], strict=True):
            tables[number][slot] = value

    def reduce(self, function: Callable[[V, V], V], keys: Sequence[Any], values: Sequence[V], results: list[V]) -> None:
        """Sets the value of each key to `function(the value, the next one)`; the first one is taken as it comes.

        Args:
            function: The user's function.
            keys: A batch of keys.
            values: As many values.
            results: Takes the new value for each record; those before one that fails, too.

        Raises:
            RecordError: A value cannot be a key.
        """
        reduce_by_key(function, keys, values, Places(self._by_str, self._by_int, self.slot_of), results)

    def slot_of(self, key: Any) -> tuple[dict[Any, V], Any]:
        """Returns the dict that holds the key's value, and the slot in it.

        Raises:
            RecordError: The value cannot be a key.
        """
        kind = type(key)
        if kind is str:
            return self._by_str, key
        if kind is int and is_small(key):
            return self._by_int, key
        return self._by_bytes, self._encode(key)
