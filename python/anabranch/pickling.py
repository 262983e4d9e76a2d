"""Serialization of functions and classes of the main script, for the workers."""

from __future__ import annotations

import io
import marshal
import types
from typing import Any, Generic

import cloudpickle

# What a generic NamedTuple of Python 3.11 has of `Generic`; its cache cannot be pickled, and its name leads elsewhere.
_CLASS_GETITEM = getattr(Generic.__dict__.get("__class_getitem__"), "__func__", None)


def _class_getitem() -> Any:
    return _CLASS_GETITEM


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
    """Keeps the file name of code, which cloudpickle 3.1.3 drops: an error has to point at the user's line."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, types.CodeType):
            return marshal.loads, (marshal.dumps(obj),)
        if isinstance(obj, types.FunctionType) and obj is _CLASS_GETITEM:
            return _class_getitem, ()
        return super().reducer_override(obj)


def dumps(value: Any) -> bytes:
    """Returns the value in a form that `pickle.loads` of the same Python version reads.

    Raises:
        Exception: Whatever the value's own serialization raises.
    """
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()
