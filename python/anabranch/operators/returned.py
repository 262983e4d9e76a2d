"""What users' functions must not return: results that nobody would take, or that have not been computed yet."""

from __future__ import annotations

from collections.abc import Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

# What an `async def` returns when it is called: nothing of its body has run.
_ASYNC: tuple[type, ...] = (CoroutineType, AsyncGeneratorType)
# The same for a function that yields.
UNSTARTED: frozenset[type] = frozenset({*_ASYNC, GeneratorType})
ASYNC: frozenset[type] = frozenset(_ASYNC)


def is_unstarted(result: Any) -> bool:
    """Returns whether the body of the function that returned this has not run, and nobody would run it."""
    return type(result) in UNSTARTED


def first_of(kinds: frozenset[type], results: Sequence[Any]) -> int:
    """Returns the index of the first result of one of these types, -1 if there is none."""
    if kinds.isdisjoint(map(type, results)):  # without a step of Python for each
        return -1
    return next(i for i, result in enumerate(results) if type(result) in kinds)


def refusal(verb: str, result: Any, wanted: str) -> TypeError:
    """Returns the error for a function that returned something else than it should.

    Args:
        verb: The method of the function, such as `flat_map`.
        result: What it returned.
        wanted: What to do instead.
    """
    kind = type(result)
    if isinstance(result, (CoroutineType, GeneratorType)):
        result.close()  # or Python warns that it was never run
    if kind in ASYNC:
        return TypeError(f"{verb} returned a {kind.__name__}, which is never awaited: functions cannot be async")
    if kind is GeneratorType:
        return TypeError(f"{verb} returned a generator, whose body never runs: {wanted}")
    returned = "None" if result is None else f"a value of type {kind.__name__}"
    return TypeError(f"{verb} returned {returned}; {wanted}")
