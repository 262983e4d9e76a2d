"""What the record encoding has to know of a Python class: its fields, its name, and how a name leads back to it."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from google.protobuf.message import Message

from anabranch.errors import RecordError
from anabranch.text import LONGEST_MESSAGE, shown

# No module lies deeper; a name may have any number of dots.
_DEEPEST_MODULE = 32
# Every process has another main module, and the engine's are none of the job's.
_NEVER = {"__main__", "__mp_main__", "anabranch"}


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


def loaded_modules() -> list[str]:
    """Returns the names of the modules that were imported into this process by and for its user's program."""
    return sorted(name for name in list(sys.modules) if _may_be_imported(name))


class ClassFinder:
    """Finds classes by the names that records bring along.

    Such a name is data and may come from anybody, and to import a module is to run it. So a class is looked for in the
    modules that are loaded already, and only modules of the job are imported for it: those that its driver has
    imported, and those that its functions were named in.
    """

    def __init__(self, modules: Iterable[str] = ()) -> None:
        """Creates a finder.

        Args:
            modules: The modules that may be imported.
        """
        self._importable = {name for name in modules if _may_be_imported(name)}
        self._failed: dict[str, str] = {}

    def find(self, name: str) -> type | None:
        """Returns the class that a dotted name leads to, or None if there is none.

        Raises:
            RecordError: Its module is one of the job's and fails to import.
        """
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts):
            return None
        for cut in range(min(len(parts) - 1, _DEEPEST_MODULE), 0, -1):
            module = self._module(".".join(parts[:cut]))
            if module is not None:
                found: Any = module
                for part in parts[cut:]:
                    # Not getattr: modules may import others in their `__getattr__`.
                    found = getattr(found, "__dict__", {}).get(part)
                return found if isinstance(found, type) else None
        return None

    def _module(self, name: str) -> ModuleType | None:
        if name not in sys.modules and name not in self._importable:
            return None
        if name not in self._failed:
            try:
                return importlib.import_module(name)  # of a loaded one too: another thread may be about to load it
            except ModuleNotFoundError as error:
                if error.name and f"{name}.".startswith(f"{error.name}."):
                    self._importable.discard(name)
                    return None
                self._failed[name] = shown(error, LONGEST_MESSAGE)
            except BaseException as error:  # noqa: BLE001 - a module may do anything while it is imported, and exit
                self._failed[name] = shown(error, LONGEST_MESSAGE)
        raise RecordError(f"module {name} cannot be imported: {self._failed[name]}")


def _may_be_imported(name: str) -> bool:
    top, _, _ = name.partition(".")
    return top not in sys.stdlib_module_names and top not in _NEVER and not name.endswith(".__main__")


def _is_plain(cls: type) -> bool:
    """Returns whether instances can be made without a constructor of their own, so hold nothing but attributes."""
    try:
        object.__new__(cls)
    except TypeError:
        return False
    return True
