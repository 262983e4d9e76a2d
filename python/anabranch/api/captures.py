"""Finds out which variable keeps a function from being serialized."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from anabranch.pickling import dumps
from anabranch.text import message_of, shown

_DEEPEST = 8


class DriverOnly:
    """Base of what exists only where the job is described, so that no function takes it along unnoticed."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("it exists only where the job is described, not on the workers; leave it out of the function")


def why_not_serializable(function: Any) -> str:
    """Returns "it captures 'helper' -> 'lock', a lock: ...", or "" if nothing that stands in the way is found."""
    path, value, reason = "", function, ""
    for _ in range(_DEEPEST):
        culprit = next(_failing(value), None)
        if culprit is None:
            break
        name, value, reason = culprit
        path += f" -> {name}" if path else name
    if not path:
        return ""
    advice = "" if isinstance(value, DriverOnly) else "; create it in open() instead"
    return f"it captures {path}, a {type(value).__name__}: {reason}{advice}"


def _failing(value: Any) -> Iterator[tuple[str, Any, str]]:
    for name, part in _parts(value):
        try:
            dumps(part)
        except Exception as reason:  # noqa: BLE001 - any failure answers the question
            yield name, part, message_of(reason)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Returns what a value takes along when it is serialized, with the names that its author knows."""
    if isinstance(value, DriverOnly):
        return
    if isinstance(value, functools.partial):
        yield repr("func"), value.func
        yield from ((f"argument {index}", each) for index, each in enumerate(value.args))
        yield from ((repr(name), each) for name, each in value.keywords.items())
    elif inspect.ismethod(value):
        yield repr("self"), value.__self__
    elif inspect.isfunction(value):
        yield from _variables(value)
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{index}]", each) for index, each in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"[{shown(key)}]", each) for key, each in value.items())
    else:
        yield from ((repr(name), each) for name, each in getattr(value, "__dict__", {}).items())


def _variables(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    variables = inspect.getclosurevars(function)
    parameters = inspect.signature(function).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    for found in (variables.nonlocals, variables.globals, defaults):
        yield from ((repr(name), each) for name, each in found.items())
