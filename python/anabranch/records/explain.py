"""Finds out, after a batch has failed, which record it was and what is wrong where inside it.

Slow: every part is encoded again by itself. It runs once, on the way to the end of a job.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from anabranch.errors import RecordError
from anabranch.records.classes import fields_of
from anabranch.records.row import Row
from anabranch.records.scalars import Unencodable
from anabranch.records.wire import MAX_DEPTH, TooDeepError
from anabranch.text import shown

if TYPE_CHECKING:
    from anabranch.records.encoder import ValueEncoder


LONGEST_KEY = 40  # of a path

# What gives values of Python, by the method that tells one kind from the others.
_CONVERSIONS = {
    "to_pydatetime": "value.to_pydatetime()",  # a Timestamp of pandas, which is a datetime, but for its nanoseconds
    "to_pytimedelta": "value.to_pytimedelta()",
    "iterrows": 'value.to_dict("records"), and a record for each',  # a DataFrame of pandas
    "to_dicts": "value.to_dicts(), and a record for each",  # one of polars
    "tolist": "value.tolist()",  # an array, a scalar of numpy, a Series
    "to_pylist": "value.to_pylist()",  # an array of Arrow
}


def why_not(encoder: ValueEncoder, values: Sequence[Any]) -> RecordError:
    """Returns the error of the first value that cannot be encoded, with its index and the path to what is wrong."""
    for index, value in enumerate(values):
        refusal = _refusal(encoder, value)
        if refusal is not None:
            path, innermost = _find(encoder, value, refusal)
            return RecordError(f"{innermost}, at {path}" if path else str(innermost), index=index, path=path)
    return RecordError("a record was changed while it was encoded")


def type_name(value: Any) -> str:
    """Returns what errors call the type of a value."""
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def hint(value: Any) -> str:
    """Returns how a value of a type that cannot cross may be turned into one that can, or nothing."""
    expression = _conversion(value)
    return f"; convert it, e.g. {expression}" if expression else ""


def _conversion(value: Any) -> str:
    """Knows numpy, pandas and their like by what their values can do: none of them needs to be installed."""
    if type(value).__name__ in ("NaTType", "NAType"):
        return "None, where pandas.isna(value)"
    for method, expression in _CONVERSIONS.items():
        with contextlib.suppress(Exception):  # the attributes of a user's object may do anything
            if callable(getattr(value, method)):
                return expression
    for plain in (bool, int, float, str, bytes, dict, list, tuple, set):
        if isinstance(value, plain):
            return f"{plain.__name__}(value)"
    return "bytes(value)" if isinstance(value, (bytearray, memoryview)) else ""


def _refusal(encoder: ValueEncoder, value: Any) -> Exception | None:
    try:
        encoder.encode([value])
    except (RecordError, Unencodable, RuntimeError) as error:
        return error
    return None


def _find(encoder: ValueEncoder, value: Any, refusal: Exception, depth: int = 0) -> tuple[str, Exception]:
    """Returns the path to the innermost part that cannot be encoded by itself, and why it cannot."""
    if isinstance(refusal, TooDeepError) or depth == MAX_DEPTH:  # every level on the way is too deep, maybe without end
        return "", refusal
    for step, part in _parts(value):
        inner = _refusal(encoder, part)
        if inner is not None:
            path, innermost = _find(encoder, part, inner, depth + 1)
            return step + path, innermost
    return "", refusal


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    kind = type(value)
    if kind is Row:
        return [(f".{name}", value[name]) for name in value]
    names = fields_of(kind)
    if names is not None:
        return _fields(value, names)
    if kind in (list, tuple):
        return [(f"[{index}]", part) for index, part in enumerate(value)]
    if kind is dict:
        keys = [(f".key({shown(key, LONGEST_KEY)})", key) for key in value]
        return [*keys, *((f"[{shown(key, LONGEST_KEY)}]", part) for key, part in value.items())]
    if kind in (set, frozenset):
        return [(f".element({shown(part, LONGEST_KEY)})", part) for part in value]
    return []


def _fields(value: Any, names: list[str]) -> Iterable[tuple[str, Any]]:
    for name in names:
        with contextlib.suppress(Exception):  # a property of the user's; then the instance itself is to blame
            yield f".{name}", getattr(value, name)
