"""What the record encoding has to know of a Python class: its fields, its name, and how a name leads back to it."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import sys
from types import ModuleType
from typing import Any

from google.protobuf.message import Message

from anabranch.errors import RecordError
from anabranch.text import LONGEST_MESSAGE, shown


def fields_of(cls: type) -> list[str] | None:
    """Returns the fields of a dataclass, NamedTuple or Struct in the order of their declaration.

    Returns:
        None for any other class, and for a dataclass that is more than its fields (a subclass of `dict`, an exception).
    """
    if issubclass(cls, enum.Enum):
        return None
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls)] if _is_plain(cls) else None
    named = getattr(cls, "_fields", None)
    if issubclass(cls, tuple) and isinstance(named, tuple):
        return list(named)
    if is_struct(cls):
        return list(getattr(cls, "__struct_fields__", ()))
    return None


def is_struct(cls: type) -> bool:
    """Returns whether a class is a `msgspec.Struct`; does not import msgspec for it."""
    msgspec = sys.modules.get("msgspec")
    return msgspec is not None and issubclass(cls, msgspec.Struct)


def other_slots(cls: type, fields: list[str]) -> set[str]:
    """Returns the slots of a class that are none of its fields and hold state that only a pickle takes along."""
    slots: set[str] = set()
    for base in cls.__mro__:
        declared = base.__dict__.get("__slots__", ())
        slots.update((declared,) if isinstance(declared, str) else declared)
    return slots - set(fields) - {"__dict__", "__weakref__"}


def default_name(cls: type) -> str:
    """Returns the name on the wire of a class that was not registered."""
    return f"{cls.__module__}.{cls.__qualname__}"


def message_name(cls: type[Message]) -> str:
    """Returns the full name of a protobuf message."""
    name: str = cls.DESCRIPTOR.full_name
    return name


def is_importable(cls: type) -> bool:
    """Returns whether another process finds a class by its module and name."""
    if cls.__module__ == "__main__":  # every process has another one
        return False
    try:
        return import_class(default_name(cls)) is cls
    except RecordError:
        return False


def import_class(name: str) -> type | None:
    """Returns the class that a dotted name leads to, importing its module, or None if there is none.

    Raises:
        RecordError: The module exists and fails to import.
    """
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for cut in range(len(parts) - 1, 0, -1):
        module = _import_module(".".join(parts[:cut]))
        if module is not None:
            found: Any = module
            for part in parts[cut:]:
                found = getattr(found, part, None)
            return found if isinstance(found, type) else None
    return None


def _import_module(name: str) -> ModuleType | None:
    try:
        return sys.modules.get(name) or importlib.import_module(name)
    except Exception as error:  # a module may do anything while it is imported
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            return None
        raise RecordError(f"module {name} cannot be imported: {shown(error, LONGEST_MESSAGE)}") from error


def _is_plain(cls: type) -> bool:
    """Returns whether instances can be made without a constructor of their own, so hold nothing but attributes."""
    try:
        object.__new__(cls)
    except TypeError:
        return False
    return True
