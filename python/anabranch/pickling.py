"""Serialization of functions and classes of the main script, for the workers.

They travel by value: no module of a worker has them. `pickle` itself, which functions may use for a cache or for
processes of their own, knows them by name only; so whoever has loaded them finds them in `of_script`, by that name.
"""

from __future__ import annotations

import io
import marshal
import types
from collections.abc import Callable
from typing import Any, Generic

import cloudpickle

# What a generic NamedTuple of Python 3.11 has of `Generic`; its cache cannot be pickled, and its name leads elsewhere.
_CLASS_GETITEM = getattr(Generic.__dict__.get("__class_getitem__"), "__func__", None)

_WITH_SETTER = 6  # of what reduces a value: the last element sets its state

of_script: dict[str, Any] = {}  # classes and functions of the main script that were loaded here


def _class_getitem() -> Any:
    return _CLASS_GETITEM


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
    """Keeps the file name of code, which cloudpickle 3.1.3 drops: an error has to point at the user's line."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, types.CodeType):
            return marshal.loads, (marshal.dumps(obj),)
        if isinstance(obj, types.FunctionType) and obj is _CLASS_GETITEM:
            return _class_getitem, ()
        reduced = super().reducer_override(obj)
        if isinstance(reduced, tuple) and len(reduced) == _WITH_SETTER and _is_named_in_script(obj):
            make, arguments, state, items, pairs, set_state = reduced
            return make, arguments, (set_state, state), items, pairs, _set_state_of_named
        return reduced


def dumps(value: Any) -> bytes:
    """Returns the value in a form that `pickle.loads` of the same Python version reads.

    Raises:
        Exception: Whatever the value's own serialization raises.
    """
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()


def _is_named_in_script(value: Any) -> bool:
    return (
        isinstance(value, (type, types.FunctionType))
        and value.__module__ == "__main__"
        and value.__qualname__.isidentifier()
    )


def _set_state_of_named(value: Any, state: tuple[Callable[[Any, Any], None], Any]) -> None:
    set_state, own = state
    set_state(value, own)
    of_script[value.__qualname__] = value
