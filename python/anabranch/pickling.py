"""Serialization of functions and classes of the main script, for the workers.

They travel by value: no module of a worker has them. `pickle` itself, which functions may use for a cache or for
processes of their own, knows them by name only; so whoever has loaded them finds them in `of_script`, by that name.
"""

from __future__ import annotations

import functools
import io
import marshal
import sys
import types
from collections.abc import Callable
from typing import Any, Generic

import cloudpickle

# What a generic NamedTuple of Python 3.11 has of `Generic`; its cache cannot be pickled, and its name leads elsewhere.
_CLASS_GETITEM = getattr(Generic.__dict__.get("__class_getitem__"), "__func__", None)

LruCache = type(functools.lru_cache(lambda: None))  # of functions that `functools.cache` and `lru_cache` have made
_OF_CACHE = ("__wrapped__", "cache_parameters")  # its attributes that are made with it

_WITH_SETTER = 6  # of what reduces a value: the last element sets its state

of_script: dict[
    str, Any
] = {}  # classes and functions of the main script that were loaded here, by their qualified names


def _class_getitem() -> Any:
    return _CLASS_GETITEM


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
    """Knows some values better than cloudpickle 3.1.3.

    It drops the file name of code: an error has to point at the user's line. It takes what has a cache (a function, or
    a property, which before Python 3.12 has a lock too) for something that is found by its name, or for nothing at all.
    The caches do not travel.
    """

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, types.CodeType):
            return marshal.loads, (marshal.dumps(obj),)
        if isinstance(obj, types.FunctionType) and obj is _CLASS_GETITEM:
            return _class_getitem, ()
        if isinstance(obj, LruCache) and hasattr(obj, "cache_parameters") and not _is_found_by_name(obj):
            attributes = {name: each for name, each in vars(obj).items() if name not in _OF_CACHE}
            return _with_cache, (obj.__wrapped__, obj.cache_parameters()), attributes, None, None, _set_attributes
        if type(obj) is functools.cached_property:
            return functools.cached_property, (obj.func,), {"attrname": obj.attrname}
        reduced = super().reducer_override(obj)
        if isinstance(reduced, tuple) and len(reduced) == _WITH_SETTER and _is_named_in_script(obj):
            make, arguments, state, items, pairs, set_state = reduced
            return make, arguments, (set_state, state, obj.__qualname__), items, pairs, _set_state_of_named
        return reduced


def dumps(value: Any) -> bytes:
    """Returns the value in a form that `pickle.loads` of the same Python version reads.

    Raises:
        Exception: Whatever the value's own serialization raises.
    """
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()


def _is_found_by_name(value: Any) -> bool:
    """Returns whether a worker finds it in a module that it can import."""
    if value.__module__ == "__main__":
        return False
    found: Any = sys.modules.get(value.__module__)
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is value


def _with_cache(function: Any, parameters: dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


def _set_attributes(cached: Any, attributes: dict[str, Any]) -> None:
    """Also sets the names: those of a function that calls itself are not known yet when its cache is made."""
    vars(cached).update(attributes)
    if _is_named_in_script(cached):
        of_script[cached.__qualname__] = cached


def _is_named_in_script(value: Any) -> bool:
    return (
        isinstance(value, (type, types.FunctionType, LruCache))
        and value.__module__ == "__main__"
        and all(part.isidentifier() for part in value.__qualname__.split("."))
    )


def _set_state_of_named(value: Any, state: tuple[Callable[[Any, Any], None], Any, str]) -> None:
    set_state, own, qualified_name = state
    set_state(value, own)
    if value.__qualname__ != qualified_name:  # of a class in a class; cloudpickle has left the last part
        value.__qualname__ = qualified_name
    named = of_script.get(qualified_name)
    if getattr(named, "__wrapped__", None) is not value:  # else a decorator has given its name to what it has made
        of_script[qualified_name] = value
