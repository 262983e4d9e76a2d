"""State by key, where `1`, `1.0` and `True` are different keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from anabranch.records import Encoder, KeyEncoder, TypeRegistry
from anabranch.records.codec import EncodedGroup
from anabranch.records.keyed import Places, is_small, reduce_by_key
from anabranch.records.ownership import map_values

V = TypeVar("V")


class EncodedKey(bytes):
    """A key as its canonical bytes, which stands for itself: `KeyedState.items` has no other form of it."""


@dataclass(frozen=True)
class StateDescriptor(Generic[V]):
    """What a state is called, and how its values are saved.

    Attributes:
        name: Unique in the operator.
        save: Returns a value as one that can be encoded; None: it is one.
        load: Takes the key, in the form of `KeyedState.items`, and what `save` has returned; None: that is the value.
    """

    name: str
    save: Callable[[V], Any] | None = None
    load: Callable[[Any, Any], V] | None = None


class KeyedState(Generic[V]):
    """One value per key, on the heap. Keys are equal if their canonical bytes are (docs/design/002-records.md).

    A dict on the keys themselves would confuse 1, 1.0 and True. Strings and integers of 64 bits, by their exact type,
    have a dict of their own; all other keys share one dict on their canonical bytes, of which nobody can foretell the
    hash. (That of an integer is public: the multiples of 2**61 - 1 have all the same.)

    Attributes:
        name: Unique in the operator.
    """

    def __init__(self, descriptor: StateDescriptor[V], types: TypeRegistry | None = None) -> None:
        """Makes a state without entries.

        Args:
            descriptor: Its name, and how its values are saved.
            types: The types of the job, for keys that are instances or enum members; None if there are none.
        """
        self.name = descriptor.name
        self._descriptor = descriptor
        self._encode = KeyEncoder(types).encode
        self._by_str: dict[Any, V] = {}
        self._by_int: dict[Any, V] = {}
        self._by_bytes: dict[Any, V] = {}

    # ------------------------------------------------------------------ one key

    def get(self, key: Any, default: Any = None) -> V | Any:
        """Returns the value of a key, or else the default.

        Raises:
            RecordError: The value cannot be a key, as in all that follows.
        """
        # Here and in `put` written out, which saves a call for each record.
        kind = type(key)
        if kind is str:
            return self._by_str.get(key, default)
        if kind is int and is_small(key):
            return self._by_int.get(key, default)
        return self._by_bytes.get(key if kind is EncodedKey else self._encode(key), default)

    def put(self, key: Any, value: V) -> None:
        """Sets the value of a key."""
        kind = type(key)
        if kind is str:
            self._by_str[key] = value
        elif kind is int and is_small(key):
            self._by_int[key] = value
        else:
            self._by_bytes[key if kind is EncodedKey else self._encode(key)] = value

    def remove(self, key: Any) -> None:
        """Forgets a key, if it is there."""
        table, slot = self._place_of(key)
        table.pop(slot, None)

    def _place_of(self, key: Any) -> tuple[dict[Any, V], Any]:
        """Returns the dict that holds the key's value, and the slot in it."""
        kind = type(key)
        if kind is str:
            return self._by_str, key
        if kind is int and is_small(key):
            return self._by_int, key
        return self._by_bytes, key if kind is EncodedKey else self._encode(key)

    # ------------------------------------------------------------------ a batch of keys

    def reduce(self, function: Callable[[V, V], V], keys: Sequence[Any], values: Sequence[V], results: list[V]) -> None:
        """Sets the value of each key to `function(the value, the next one)`; the first one is taken as it comes.

        Args:
            function: The user's function.
            keys: A batch of keys.
            values: As many values.
            results: Takes the new value for each record; those before one that fails, too.
        """
        reduce_by_key(function, keys, values, Places(self._by_str, self._by_int, self._place_of), results)

    def aggregate(
        self,
        create: Callable[[], V],
        add: Callable[[Any, V], V],
        result: Callable[[V], Any],
        *,
        keys: Sequence[Any],
        values: Sequence[Any],
        results: list[Any],
    ) -> None:
        """Sets the value of each key to `add(the next one, the value)`; the first value is created.

        Args:
            create: Returns the value of a key that has none.
            add: The user's function.
            result: Returns what stands for the new value among the results.
            keys: A batch of keys.
            values: As many values.
            results: Takes a result for each record; those before one that fails, too.
        """
        place_of = self._place_of
        for key, value in zip(keys, values, strict=True):
            table, slot = place_of(key)
            old = table[slot] if slot in table else create()
            table[slot] = new = add(value, old)
            map_values(result, [new], results)

    # ------------------------------------------------------------------ all of it

    def items(self) -> Iterator[tuple[str | int | EncodedKey, V]]:
        """Yields each key, in a form that `get`, `put` and `remove` take as well, and its value."""
        yield from self._by_str.items()
        yield from self._by_int.items()
        for encoded, value in self._by_bytes.items():
            yield EncodedKey(encoded), value

    def save(self, encoder: Encoder, n_groups: int) -> list[EncodedGroup]:
        """Returns the key groups that have entries, in ascending order.

        Args:
            encoder: Encodes the entries for Python.
            n_groups: The number of key groups of the job.

        Raises:
            RecordError: A value cannot be encoded.
        """
        return encoder.encode_groups((self._by_str, self._by_int, self._by_bytes), n_groups, self._descriptor.save)

    def load(self, entries: list[Any]) -> None:
        """Takes the entries of one key group: key, value, key, value and so on."""
        load = self._descriptor.load
        for key, saved in zip(entries[::2], entries[1::2], strict=True):
            place = EncodedKey(key) if type(key) is bytes else key
            self.put(place, saved if load is None else load(place, saved))
