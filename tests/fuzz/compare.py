"""How fuzzing compares values: with the types of all in them, so that 1, 1.0 and True differ, and 0.0 and -0.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.records import Row
from tests.fuzz.values import Empty, Frozen, Pair, Plain, Point


def alike(left: Any, right: Any) -> bool:
    """Returns whether two values are the same."""
    cls = type(left)
    return cls is type(right) and _BY_TYPE.get(cls, _by_words)(left, right)


def _by_words(left: Any, right: Any) -> bool:
    """Compares what says all of itself: of floats NaN too, of times the zone and the fold."""
    return repr(left) == repr(right)


def _plain(left: Any, right: Any) -> bool:
    return left == right


def _sequences(left: Any, right: Any) -> bool:
    return len(left) == len(right) and all(map(alike, left, right))


def _dicts(left: Any, right: Any) -> bool:
    return _sequences(left, right) and all(map(alike, left.values(), right.values()))


def _sets(left: Any, right: Any) -> bool:
    # Mostly in one order; else two NaN, or 1 and True, must not be taken for each other.
    return _sequences(left, right) or sorted(map(words, left)) == sorted(map(words, right))


def _rows(left: Row, right: Row) -> bool:
    return left.type_name == right.type_name and _dicts(left._fields, right._fields)


def _fields(*names: str) -> Callable[[Any, Any], bool]:
    """Returns what compares instances by their fields; one may be missing, or be there beyond those of the class."""

    def compare(left: Any, right: Any) -> bool:
        return all(alike(getattr(left, name, _MISSING), getattr(right, name, _MISSING)) for name in names)

    return compare


def words(value: Any) -> str:
    """Returns a value in words that are the same for the same value, whatever order its sets have."""
    cls = type(value)
    if issubclass(cls, (set, frozenset)):
        parts = sorted(map(words, value))
    elif issubclass(cls, (list, tuple)):
        parts = [words(part) for part in value]
    elif cls is dict:
        parts = [f"{words(key)}: {words(part)}" for key, part in value.items()]
    elif cls is Row:
        parts = [value.type_name, words(value._fields)]
    elif cls in _FIELDS:
        parts = [words(getattr(value, name, _MISSING)) for name in _FIELDS[cls]]
    else:
        parts = [repr(value)]
    return f"{cls.__qualname__}({', '.join(parts)})"


_MISSING = "missing"
_FIELDS = {Plain: ("b", "a", "more"), Frozen: ("x",), Empty: ("more",), Point: ("y", "x")}
_BY_TYPE: dict[type, Callable[[Any, Any], bool]] = {
    **dict.fromkeys((int, str, bytes, bool, type(None)), _plain),
    **dict.fromkeys((list, tuple, Pair), _sequences),
    dict: _dicts,
    set: _sets,
    frozenset: _sets,
    Row: _rows,
    **{cls: _fields(*names) for cls, names in _FIELDS.items()},
}
