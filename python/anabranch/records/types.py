"""Which class stands for which name on the wire."""

from __future__ import annotations

import enum
import functools
import importlib
import pickle
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from anabranch.errors import JobGraphError, RecordError
from anabranch.pickling import dumps
from anabranch.records.classes import ClassFinder, default_name, fields_of, message_name
from anabranch.records.instances import (
    InstanceMaker,
    InstanceType,
    instance_maker,
    make_schema,
    schema_id,
    with_class,
)
from anabranch.text import LONGEST_MESSAGE, message_of, shown
from anabranch.v1.graph_pb2 import TypeBinding
from anabranch.v1.record_pb2 import Schema

# A peer that makes up schemas must not fill the memory; a job has a few.
_MAX_MAKERS = 1024

_WELL_KNOWN = "google.protobuf."
_WELL_KNOWN_MODULES = (
    "any", "api", "duration", "empty", "field_mask", "source_context", "struct", "timestamp", "type", "wrappers",
)  # fmt: skip

C = TypeVar("C", bound=type)

# Classes that were named where they are defined, so that a job written in Java finds them.
_NAMED: dict[str, type] = {}
_NAMES: dict[type, str] = {}


def record_type(name: str) -> Callable[[C], C]:
    """Names a class on the wire where it is defined: `@record_type("com.acme.Flight")`.

    For jobs that are written in Java and name only Python modules: whoever imports the module makes the type known.

    Args:
        name: The Java class that the Python class stands for.

    Raises:
        JobGraphError: The class is not a record type.
    """

    def decorate(cls: C) -> C:
        _check_record_type(cls)
        _NAMED[name] = cls
        _NAMES[cls] = name
        return cls

    return decorate


class TypeRegistry:
    """The types of one job on one side. Not for use by several threads at a time."""

    def __init__(self, modules: Iterable[str] = ()) -> None:
        """Creates a registry.

        Args:
            modules: The modules that names in records may have imported.
        """
        self._finder = ClassFinder(modules)
        self._names: dict[type, str] = {}
        self._classes: dict[str, type] = {}
        self._java_classes: dict[str, str] = {}
        self._instance_types: dict[type, InstanceType | None] = {}
        self._carriers: dict[type, Schema] = {}
        self._makers: dict[tuple[int, bytes], InstanceMaker] = {}
        # Classes of enums and messages that frames have brought along, and by name those that were brought last:
        # frames of two producers may mean two classes of one name.
        self._carried: dict[tuple[int, bytes], type] = {}
        self._brought: dict[str, type] = {}

    def register(self, cls: type, name: str | None = None) -> None:
        """Gives a class its name on the wire, by default `module.QualName`, for a protobuf message its full name.

        Args:
            cls: A dataclass, NamedTuple, msgspec.Struct, Enum or protobuf message class.
            name: The name, which is also the Java class; for a protobuf message the Java class alone.

        Raises:
            JobGraphError: The class is none of these or cannot be serialized, or the name is taken by another.
        """
        _check_record_type(cls)
        _check_serializable(cls)
        wire_name = message_name(cls) if issubclass(cls, Message) else name or default_name(cls)
        if self._classes.get(wire_name, cls) is not cls:
            raise JobGraphError(f"the name {wire_name} is taken by {self._classes[wire_name]!r}")
        if self._names.get(cls, wire_name) != wire_name:
            raise JobGraphError(f"{shown(cls)} is registered already, as {self._names[cls]}")
        self._bind(cls, wire_name, name or "")

    def bindings(self) -> list[TypeBinding]:
        """Returns what was registered, for the job graph."""
        return [
            TypeBinding(name=name, python_class=dumps(cls), java_class=self._java_classes[name])
            for name, cls in self._classes.items()
        ]

    @staticmethod
    def from_bindings(bindings: Iterable[TypeBinding], modules: Iterable[str] = ()) -> TypeRegistry:
        """Returns the registry of a worker, from the job graph.

        Args:
            bindings: What was registered.
            modules: The modules that names in records may have imported.

        Raises:
            RecordError: A class cannot be loaded here.
        """
        registry = TypeRegistry(modules)
        for binding in bindings:
            if binding.python_class:
                registry._bind(_load_class(binding.name, binding.python_class), binding.name, binding.java_class)
        return registry

    def fields_of_registered(self, name: str) -> list[str] | None:
        """Returns the field names of the class that was registered with a name; None if it has none."""
        cls = self._classes.get(name)
        return None if cls is None else fields_of(cls)

    def name_of(self, cls: type) -> str:
        """Returns the name of a class on the wire."""
        return self._names.get(cls) or _NAMES.get(cls) or default_name(cls)

    def is_of_another(self, name: str, cls: type) -> bool:
        """Returns whether another class is registered with this name."""
        return self._classes.get(name, cls) is not cls

    def instance_type(self, cls: type) -> InstanceType | None:
        """Returns how instances of a class travel, or None if they do not travel as fields."""
        if cls not in self._instance_types:
            declared = fields_of(cls)
            self._instance_types[cls] = (
                None
                if declared is None
                else InstanceType(cls, self.name_of(cls), declared, is_registered=cls in self._names)
            )
        return self._instance_types[cls]

    def carrier(self, cls: type[enum.Enum | Message]) -> Schema | None:
        """Returns a schema without fields that brings a class to another Python process, or None if it needs none.

        An enum needs one if it is not registered, a message always: it is registered for Java alone.
        """
        if issubclass(cls, enum.Enum) and cls in self._names:
            return None
        schema = self._carriers.get(cls)
        if schema is None:
            name = message_name(cls) if issubclass(cls, Message) else self.name_of(cls)
            schema = self._carriers[cls] = with_class(make_schema(name, []), cls)
        return schema

    def maker(self, schema: Schema, *, python: bool) -> InstanceMaker:
        """Returns what makes instances of a schema.

        Args:
            schema: The schema as it was received.
            python: Whether the producer is Python, so that the schema may bring its class along.

        Raises:
            RecordError: The schema is not one, or the class that it brings along cannot be loaded.
        """
        python_class = schema.python_class if python else b""
        known = self._makers.get((schema.id, python_class))
        if known is None:
            if len(self._makers) >= _MAX_MAKERS:
                self._makers.clear()
                self._carried.clear()
            known = self._makers[schema.id, python_class] = self._make_maker(schema, python_class)
        carried = self._carried.get((schema.id, python_class))
        if carried is not None:
            self._brought[schema.name] = carried
        return known

    def enum_constant(self, type_name: str, constant: str) -> Any:
        """Returns a member of an enum.

        Raises:
            RecordError: There is no such enum or member here.
        """
        cls = self.enum_class(type_name)
        member = cls.__members__.get(constant)
        if member is None:
            known = ", ".join(cls.__members__)
            raise RecordError(f"enum {type_name} has no constant {constant!r} here; it has {known}")
        return member

    def enum_class(self, type_name: str) -> type[enum.Enum]:
        """Returns an enum.

        Raises:
            RecordError: There is no such enum here.
        """
        cls = self._class_named(type_name) or self._brought.get(type_name) or self._finder.find(type_name)
        if cls is None or not issubclass(cls, enum.Enum):
            raise RecordError(f"there is no enum {type_name} here; register_type(cls, {type_name!r}) would tell it")
        return cls

    def message_class(self, full_name: str) -> type[Message]:
        """Returns the class of a protobuf message.

        Raises:
            RecordError: No module that defines it was imported here.
        """
        cls = self._classes.get(full_name) or self._brought.get(full_name)
        if cls is not None and issubclass(cls, Message):
            return cls
        if full_name.startswith(_WELL_KNOWN):
            _import_well_known()
        try:
            descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
        except KeyError:
            raise RecordError(
                f"there is no protobuf message {full_name!r} here; import its _pb2 module, or register_type(its class)"
            ) from None
        return message_factory.GetMessageClass(descriptor)

    def _bind(self, cls: type, name: str, java_class: str) -> None:
        self._names[cls] = name
        self._classes[name] = cls
        self._java_classes[name] = java_class
        self._instance_types.pop(cls, None)

    def _class_named(self, name: str) -> type | None:
        return self._classes.get(name) or _NAMED.get(name)

    def _make_maker(self, schema: Schema, python_class: bytes) -> InstanceMaker:
        fields = list(schema.fields)
        if schema.id != schema_id(schema.name, fields) or sorted(set(fields), key=str.encode) != fields:
            raise RecordError(f"schema {schema.name} is not that of its id")
        cls: type | None
        if python_class:  # this very class, whatever others there are of its name
            cls = _load_class(schema.name, python_class)
            if issubclass(cls, (enum.Enum, Message)):
                self._carried[schema.id, python_class] = cls
        else:
            cls = self._class_named(schema.name) or self._finder.find(schema.name)
        return instance_maker(cls, schema)


@functools.cache
def _import_well_known() -> None:
    """Makes protobuf's own messages known, which a record from Java may hold where no module for them was imported."""
    for module in _WELL_KNOWN_MODULES:
        importlib.import_module(f"google.protobuf.{module}_pb2")


def _check_record_type(cls: Any) -> None:
    if not isinstance(cls, type) or not (fields_of(cls) is not None or issubclass(cls, (enum.Enum, Message))):
        raise JobGraphError(
            f"{shown(cls)} cannot be registered: it is not a dataclass, NamedTuple, Struct, Enum or protobuf message"
        )


def _check_serializable(cls: type) -> None:
    try:
        dumps(cls)
    except Exception as error:
        raise JobGraphError(
            f"{default_name(cls)} cannot be registered: it cannot be serialized for the workers: {message_of(error)};"
            " define it in a module of its own, which they import"
        ) from error


def _load_class(name: str, python_class: bytes) -> type:
    try:
        cls = pickle.loads(python_class)
    except BaseException as error:  # its module may do anything while it is imported, and exit
        raise RecordError(f"the class of {name} cannot be loaded: {shown(error, LONGEST_MESSAGE)}") from error
    if not isinstance(cls, type):
        raise RecordError(f"what came as the class of {name} is none: {shown(cls)}")
    return cls
