"""Texts about what users have made: short, fit to be sent, and never a failure, whatever their code does.

A record, an exception, a function may be anything, and so may its `__repr__` and `__str__`: they may raise, return no
string or 2 GB of it, or lone surrogates, which no message can carry. Whoever reports something asks here.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

# Characters of a record, and of the message of an exception, which may quote one.
LONGEST_VALUE = 200
LONGEST_MESSAGE = 10_000

_CUT = "..."
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
# Asked of `type` itself: a metaclass may have its own idea of these.
_NAME, _QUALNAME, _MODULE = (type.__dict__[name] for name in ("__name__", "__qualname__", "__module__"))


def shown(value: Any, longest: int = LONGEST_VALUE) -> str:
    """Returns the value's repr, cut to `longest` characters.

    Of plain containers and dataclasses no more is looked at than is shown.
    """
    try:
        pieces, length = [], 0
        for piece in _pieces(value, longest, ()):
            pieces.append(piece)
            length += len(piece)
            if length > longest:
                break
        text = "".join(pieces)
    except BaseException as error:  # noqa: BLE001 - a record may be anything, its repr too
        text = f"<{class_name(value)} whose repr fails: {error_line(error, longest)}>"
    return sendable(text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT)


def message_of(error: BaseException, longest: int = LONGEST_MESSAGE) -> str:
    """Returns the message of an exception, cut to `longest` characters."""
    try:
        text = _plain(str(error))
    except BaseException as failure:  # noqa: BLE001 - `__str__` is the user's
        return f"<its message cannot be had: {error_name(failure)}>"
    return cut(text, longest)


def error_line(error: BaseException, longest: int = LONGEST_MESSAGE) -> str:
    """Returns "ValueError: bad row", as Python ends a traceback."""
    name, message = error_name(error), message_of(error, longest)
    return f"{name}: {message}" if message else name


def error_name(error: BaseException) -> str:
    """Returns the name of an exception's class as a traceback has it: with its module, unless that is understood."""
    cls = type(error)
    name, module = sendable(_QUALNAME.__get__(cls)), _MODULE.__get__(cls)
    if module in ("builtins", "__main__"):
        return name
    return f"{sendable(_plain(module)) if isinstance(module, str) else '<unknown>'}.{name}"


def class_name(value: Any) -> str:
    """Returns the plain name of a value's class."""
    return sendable(_NAME.__get__(type(value)))


def cut(text: str, longest: int) -> str:
    """Returns a text fit to be sent, of at most about `longest` characters; it ends with how many are missing."""
    missing = len(text) - longest
    return sendable(text if missing <= 0 else f"{text[:longest]}... ({missing:,} more characters)")


def sendable(text: str) -> str:
    """Returns the text with lone surrogates, which UTF-8 cannot express, and control characters written out."""
    return printable(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def printable(text: str) -> str:
    """Returns the text with control characters written out, but for line ends and tabs.

    Text from records may hold any: a terminal would move its cursor over what was there, or change its settings.
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _plain(text: str) -> str:
    """Returns a string of the class `str` itself: a subclass may have its own length, slices, everything."""
    return str.__getitem__(text, slice(None))


def _pieces(value: Any, longest: int, outer: tuple[int, ...]) -> Iterator[str]:
    """Yields the repr of a value piece by piece; `outer` are the ids of the containers around it."""
    kind = type(value)
    if id(value) in outer:
        yield "..."
    elif kind in (str, bytes, bytearray):
        yield repr(value[: longest + 1])
    elif kind in _BRACKETS and value:
        opening, closing = _BRACKETS[kind]
        yield opening
        for index, element in enumerate(value):
            yield ", " if index else ""
            yield from _pieces(element, longest, (*outer, id(value)))
        yield "," + closing if kind is tuple and len(value) == 1 else closing
    elif kind is dict:
        yield "{"
        for index, (key, element) in enumerate(value.items()):
            yield ", " if index else ""
            yield from _pieces(key, longest, (*outer, id(value)))
            yield ": "
            yield from _pieces(element, longest, (*outer, id(value)))
        yield "}"
    elif _has_generated_repr(kind):
        yield f"{kind.__qualname__}("
        shown_fields = [field.name for field in dataclasses.fields(value) if field.repr]
        for index, name in enumerate(shown_fields):
            yield f"{', ' if index else ''}{name}="
            yield from _pieces(getattr(value, name), longest, (*outer, id(value)))
        yield ")"
    else:
        yield _plain(repr(value))


def _has_generated_repr(kind: type) -> bool:
    """Returns whether the repr of a class is the one that `dataclass` has made of its fields."""
    written = getattr(kind.__repr__, "__wrapped__", None)
    return dataclasses.is_dataclass(kind) and "__create_fn__" in getattr(written, "__qualname__", "")
