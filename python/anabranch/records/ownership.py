"""Copies what a user's function emits for the engine: a copy, where somebody could still change it.

Native if that was built: a value that cannot be changed, or that nothing else refers to, passes as it is. Pure Python
cannot see who refers to a value, and copies whatever could be changed.
"""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import enum
import re
import sys
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from sys import getrefcount
from typing import Any, TypeAlias

from anabranch.records import codec

# function, value, results, OWNERSHIP -> what the function returned, in a tuple, or None
Flatten: TypeAlias = Callable[[Callable[[Any], Any], Any, list[Any], Any], "tuple[Any] | None"]


class Kind(enum.IntEnum):
    """What there is to know of the instances of a type; the numbers are those of native/own.c."""

    ATOMIC = 0  # cannot be changed, and holds nothing that can
    LEAF = 1  # can be changed, and holds no other objects
    INSTANCE = 2  # refers to all that it holds in a way that Python's garbage collector knows
    OPAQUE = 3  # anything else
    PLAIN = 4  # an INSTANCE that is what its `__dict__` holds


_ATOMIC = (
    str, int, float, bool, complex, bytes, types.NoneType, types.EllipsisType, types.NotImplementedType, object, range,
    dt.date, dt.time, dt.datetime, dt.timedelta, dt.timezone, decimal.Decimal, uuid.UUID, re.Pattern,
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, types.CodeType,
)  # fmt: skip
_TRANSPARENT = frozenset(
    {object, list, dict, set, tuple, frozenset, deque, OrderedDict, defaultdict, Counter, *_ATOMIC}
)
# The same of modules that few programs import, and that take a while.
_ATOMIC_ELSEWHERE = {("fractions", "Fraction"), ("zoneinfo", "ZoneInfo")}
_HEAP_TYPE = 1 << 9


class Kinds(dict[type, int]):
    """Kind by type: a table that completes itself with the types it meets."""

    def __missing__(self, cls: type) -> int:
        self[cls] = kind = int(_kind_of(cls))
        return kind


def _kind_of(cls: type) -> Kind:
    if cls in _ATOMIC or _is_atomic_elsewhere(cls) or issubclass(cls, (enum.Enum, type)) or _is_scalar_of_numpy(cls):
        return Kind.ATOMIC
    if cls is bytearray:
        return Kind.LEAF
    is_known = all(base in _TRANSPARENT or _is_written_in_python(base) for base in cls.__mro__)
    return Kind.OPAQUE if not is_known else Kind.PLAIN if _is_plain_class(cls) else Kind.INSTANCE


def _is_atomic_elsewhere(cls: type) -> bool:
    name = (cls.__module__, cls.__qualname__)
    return name in _ATOMIC_ELSEWHERE and getattr(sys.modules.get(name[0]), name[1], None) is cls


def _is_written_in_python(cls: type) -> bool:
    return bool(cls.__flags__ & _HEAP_TYPE) and (
        "__dict__" in vars(cls) or "__slots__" in vars(cls) or cls.__module__ in ("abc", "typing")
    )


def _is_scalar_of_numpy(cls: type) -> bool:
    return any(base.__name__ == "generic" and base.__module__ == "numpy" for base in cls.__mro__)


_KINDS = Kinds()


def copied(value: Any) -> Any:
    """Returns a copy of whatever can be changed in a value; what cannot be copied stays as it is."""
    try:
        return _copied(value, {})
    except RecursionError:  # nested so deep that it cannot be sent either; within a task it may be of use
        return value


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    cls = type(value)
    if cls in _PLAIN:
        return value
    if id(value) in memo:
        return memo[id(value)]
    if cls is list:
        memo[id(value)] = made = []
        made += [each if type(each) in _PLAIN else _copied(each, memo) for each in value]
        return made
    if cls is dict:
        memo[id(value)] = items = {}
        for key, each in value.items():
            items[_copied(key, memo)] = each if type(each) in _PLAIN else _copied(each, memo)
        return items
    if cls is tuple:
        elements = [_copied(each, memo) for each in value]
        return value if all(a is b for a, b in zip(elements, value, strict=True)) else tuple(elements)
    kind = _KINDS[cls]
    if kind == Kind.ATOMIC:
        return value
    if kind == Kind.PLAIN:
        if not vars(value):  # it only stands for itself
            return value
        made = object.__new__(cls)
        memo[id(value)] = made
        for name, each in vars(value).items():
            made.__dict__[name] = _copied(each, memo)
        return made
    try:
        return copy.deepcopy(value, memo)
    except BaseException:  # noqa: BLE001 - whatever the object makes of being copied
        return value


def _is_plain_class(cls: type) -> bool:
    return (
        not any(base is not object and "__slots__" in vars(base) for base in cls.__mro__)
        and set(cls.__mro__).isdisjoint(_TRANSPARENT - {object})
        and not any(hasattr(cls, name) for name in _COPYING)
        and all(getattr(cls, name, None) is getattr(object, name, None) for name in _REDUCING)
        and getattr(cls, "__dictoffset__", 0) != 0
    )


# Methods by which a class says how it is copied.
_COPYING = ("__deepcopy__", "__copy__", "__getnewargs__", "__getnewargs_ex__", "__setstate__")
_REDUCING = ("__new__", "__reduce_ex__", "__reduce__", "__getstate__")

_PLAIN = frozenset({str, int, float, bool, bytes, types.NoneType})
OWNERSHIP = (_KINDS, copied)


class _Probe:
    def collect(self, value: Any) -> int:
        return getrefcount(value)


# How many references there are to a value that nobody keeps, in a method `collect` that hands it on.
COLLECTED = _Probe().collect([])


def own(value: Any) -> Any:
    """Returns a value that stays with others, or a copy of it if it can be changed."""
    native = codec._native  # noqa: SLF001 - which of both is in use is decided there
    return copied(value) if native is None else native.own(value, 0, OWNERSHIP)


def map_values(function: Callable[[Any], Any], values: Sequence[Any], results: list[Any]) -> None:
    """Appends `function(value)` to the results for each value.

    Args:
        function: The user's function.
        values: A batch, which may be used up.
        results: Takes the results. If something fails, it has got one for each value before that; that value is still
            in its place.
    """
    native = codec._native  # noqa: SLF001
    if native is not None and type(values) is list:
        native.map(function, values, results, OWNERSHIP)
        return
    for value in values:
        result = function(value)
        if type(result) in _ASYNC:
            raise TypeError(
                f"map returned a {type(result).__name__}, which is never awaited: functions cannot be async"
            )
        results.append(copied(result))


def look_at_values(function: Callable[[Any], Any], values: list[Any], results: list[Any], *, truth: bool) -> None:
    """Appends `function(value)` to the results for each value, which stays in its place as the function leaves it.

    Args:
        function: The user's function.
        values: A batch. Values that the function has kept are replaced by copies.
        results: Takes the results, or whether they are true. If something fails, it has got one for each value before.
        truth: Whether only this is asked for.
    """
    native = codec._native  # noqa: SLF001
    if native is not None:
        native.look(function, values, results, truth, OWNERSHIP)
        return
    for position, value in enumerate(values):
        result = function(value)
        values[position] = copied(value)
        results.append(copied(result) if not truth or type(result) in _UNSTARTED else bool(result))


def flattener() -> Flatten:
    """Returns what appends the elements of `function(value)` to results, or returns it if it is not a list or tuple."""
    native = codec._native  # noqa: SLF001
    return _flatten if native is None else native.flatten


def _flatten(function: Callable[[Any], Any], value: Any, results: list[Any], _ownership: Any) -> tuple[Any] | None:
    elements = function(value)
    if type(elements) not in (list, tuple):
        return (elements,)
    results += map(copied, elements)
    return None


def take_values(values: Iterator[Any], n: int, results: list[Any]) -> bool:
    """Appends at most n values to the results; returns whether there were as many."""
    native = codec._native  # noqa: SLF001
    if native is not None:
        return bool(native.take(values, n, results, OWNERSHIP))
    taken = 0
    for value in islice(values, n):
        results.append(copied(value))
        taken += 1
    return taken == n


_ASYNC = (types.CoroutineType, types.AsyncGeneratorType)
_UNSTARTED = (*_ASYNC, types.GeneratorType)
