"""Loops over records that have keys: native if that was built, else pure Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from anabranch.records import codec
from anabranch.records.ownership import OWNERSHIP, copied

_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


class Places(NamedTuple):
    """Where what belongs to a key is looked up.

    Keys that are exactly `str`, or `int` of 64 bits, have a dict each, so that 1, 1.0 and True are three keys.
    """

    by_str: dict[Any, Any]
    by_int: dict[Any, Any]
    other: Callable[[Any], Any]


def is_small(number: int) -> bool:
    """Returns whether an integer has 64 bits at most, so that only a few others can have its hash."""
    return _SMALLEST <= number <= _LARGEST


def reduce_by_key(
    function: Callable[[Any, Any], Any], keys: Sequence[Any], values: Sequence[Any], states: Places, results: list[Any]
) -> None:
    """Reduces each value into the state of its key and appends the new state, as it is then, to the results.

    Args:
        function: Computes the new state from the old one and a value. The first value of a key is its state.
        keys: The keys, a list or a tuple.
        values: As many values.
        states: The states by key; `other` gives, for any other key, the dict that holds its state and its place there.
        results: Takes the states. If something fails, it has got one for each record before that.

    Raises:
        Exception: What `function` or `states.other` raises.
    """
    native = codec._native  # noqa: SLF001 - which of both is in use is decided there
    if native is not None:
        native.reduce(function, keys, values, states, results, OWNERSHIP)
        return
    by_str, by_int, other = states
    for key, value in zip(keys, values, strict=True):
        kind = type(key)
        table, slot = (by_str, key) if kind is str else (by_int, key) if kind is int and is_small(key) else other(key)
        table[slot] = new = function(table[slot], value) if slot in table else value
        results.append(copied(new))


def split_by_key(
    keys: Sequence[Any], values: Sequence[Any], indexes: Places, parts: list[tuple[list[Any], list[Any]]]
) -> None:
    """Appends each value, and its key, to the lists of one of the parts.

    Args:
        keys: The keys, a list or a tuple.
        values: As many values.
        indexes: The parts of some keys; `other` gives the part of any key that is not in a dict.
        parts: For each part a list of values and one of keys.

    Raises:
        Exception: What `indexes.other` raises; the parts have got the records before that.
    """
    native = codec._native  # noqa: SLF001 - which of both is in use is decided there
    if native is not None:
        native.split(keys, values, indexes, parts)
        return
    by_str, by_int, other = indexes
    for key, value in zip(keys, values, strict=True):
        kind = type(key)
        index = by_str.get(key) if kind is str else by_int.get(key) if kind is int and is_small(key) else None
        to_values, to_keys = parts[other(key) if index is None else index]
        to_values.append(value)
        to_keys.append(key)
