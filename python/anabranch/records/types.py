"""Which class stands for which name on the wire, and what its fields are."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import importlib
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import cloudpickle
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from anabranch.errors import JobGraphError, RecordError
from anabranch.records.row import Row
from anabranch.v1.graph_pb2 import TypeBinding
from anabranch.v1.record_pb2 import Schema

C = TypeVar("C", bound=type)


class InstanceType:
    """A class whose instances travel as their field values.

    Attributes:
        schema: What is sent ahead of the instances.
        get: Returns the field values of an instance, in the schema's order.
        make: Makes an instance of field values in the schema's order, without running a constructor where possible.
    """

    def __init__(self, cls: type, name: str, fields: Sequence[str], *, by_value: bool) -> None:
        self.cls = cls
        ordered = sorted(fields, key=str.encode)
        self.schema = make_schema(name, ordered)
        self.by_value = by_value
        self.get: Callable[[Any], Sequence[Any]] = _getter(ordered)
        self.make: Callable[[Sequence[Any]], Any] = _maker(cls, ordered)
        self._by_value_schema: Schema | None = None

    def schema_for(self, *, python: bool) -> Schema:
        """Returns the schema, with the class itself if the consumer is Python and cannot import it."""
        if not (python and self.by_value):
            return self.schema
        if self._by_value_schema is None:
            self._by_value_schema = Schema()
            self._by_value_schema.CopyFrom(self.schema)
            self._by_value_schema.python_class = cloudpickle.dumps(self.cls)
        return self._by_value_schema


# Classes that were named where they are defined, so that a job written in Java finds them.
_NAMED: dict[str, type] = {}


def record_type(name: str) -> Callable[[C], C]:
    """Names a class on the wire where it is defined: `@record_type("com.acme.Flight")`.

    For jobs that are written in Java and name only Python modules: whoever imports the module makes the type known.

    Args:
        name: The Java class that the Python class stands for.

    Raises:
        JobGraphError: The class is no record type.
    """

    def decorate(cls: C) -> C:
        _check_record_type(cls)
        _NAMED[name] = cls
        return cls

    return decorate


class TypeRegistry:
    """The types of one job on one side. Not for use by several threads at a time."""

    def __init__(self) -> None:
        self._names: dict[type, str] = {}
        self._classes: dict[str, type] = {}
        self._java_classes: dict[str, str] = {}
        self._instance_types: dict[type, InstanceType | None] = {}
        self._makers: dict[int, tuple[Schema, Callable[[Sequence[Any]], Any]]] = {}

    def register(self, cls: type, name: str | None = None) -> None:
        """Gives a class its name on the wire, by default `module.QualName`, for a protobuf message its full name.

        Args:
            cls: A dataclass, NamedTuple, msgspec.Struct, Enum or protobuf message class.
            name: The name, which is also the Java class; for a protobuf message the Java class alone.

        Raises:
            JobGraphError: The class is none of these, or the name is taken by another.
        """
        _check_record_type(cls)
        wire_name = message_name(cls) if issubclass(cls, Message) else name or default_name(cls)
        if self._classes.get(wire_name, cls) is not cls:
            raise JobGraphError(f"the name {wire_name} is taken by {self._classes[wire_name]!r}")
        self._bind(cls, wire_name, name or "")

    def bindings(self) -> list[TypeBinding]:
        """Returns what was registered, for the job graph."""
        return [
            TypeBinding(name=name, python_class=cloudpickle.dumps(cls), java_class=self._java_classes[name])
            for name, cls in self._classes.items()
        ]

    @staticmethod
    def from_bindings(bindings: Iterable[TypeBinding]) -> TypeRegistry:
        """Returns the registry of a worker, from the job graph."""
        registry = TypeRegistry()
        for binding in bindings:
            if binding.python_class:
                registry._bind(pickle.loads(binding.python_class), binding.name, binding.java_class)
        return registry

    def fields_of_registered(self, name: str) -> list[str] | None:
        """Returns the field names of the class that was registered with a name; None if it has none."""
        cls = self._classes.get(name)
        return None if cls is None else fields_of(cls)

    def name_of(self, cls: type) -> str:
        """Returns the name of a class on the wire."""
        return self._names.get(cls) or next((name for name, named in _NAMED.items() if named is cls), default_name(cls))

    def instance_type(self, cls: type) -> InstanceType | None:
        """Returns how instances of a class travel, or None if they do not travel as fields."""
        if cls not in self._instance_types:
            fields = fields_of(cls)
            self._instance_types[cls] = (
                None
                if fields is None
                else InstanceType(cls, self.name_of(cls), fields, by_value=not self.is_known_by_name(cls))
            )
        return self._instance_types[cls]

    def is_known_by_name(self, cls: type) -> bool:
        """Returns whether another Python process finds the class by its name."""
        return cls in self._names or _import(default_name(cls)) is cls

    def maker(self, schema: Schema, *, python: bool) -> Callable[[Sequence[Any]], Any]:
        """Returns what makes instances of a schema.

        Args:
            schema: The schema as it was received.
            python: Whether the producer is Python, so that the schema may bring its class along.

        Raises:
            RecordError: The class on this side has other fields.
        """
        known = self._makers.get(schema.id)
        if known is None or known[0] != schema:
            known = self._makers[schema.id] = (schema, self._make_maker(schema, python=python))
        return known[1]

    def enum_constant(self, type_name: str, constant: str) -> Any:
        """Returns a member of an enum.

        Raises:
            RecordError: There is no such enum or member here.
        """
        cls = self._class_named(type_name)
        if not (isinstance(cls, type) and issubclass(cls, enum.Enum)):
            raise RecordError(f"there is no enum {type_name} here; register_type(cls, {type_name!r}) would tell it")
        member = cls.__members__.get(constant)
        if member is None:
            raise RecordError(f"enum {type_name} has no constant {constant} here; it has {', '.join(cls.__members__)}")
        return member

    def message_class(self, full_name: str) -> type[Message]:
        """Returns the class of a protobuf message.

        Raises:
            RecordError: No module that defines it was imported here.
        """
        cls = self._classes.get(full_name)
        if cls is not None and issubclass(cls, Message):
            return cls
        try:
            descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
        except KeyError:
            raise RecordError(
                f"there is no protobuf message {full_name} here; import its _pb2 module, or register_type(its class)"
            ) from None
        return message_factory.GetMessageClass(descriptor)

    def _bind(self, cls: type, name: str, java_class: str) -> None:
        self._names[cls] = name
        self._classes[name] = cls
        self._java_classes[name] = java_class

    def _class_named(self, name: str) -> Any:
        return self._classes.get(name) or _NAMED.get(name) or _import(name)

    def _make_maker(self, schema: Schema, *, python: bool) -> Callable[[Sequence[Any]], Any]:
        fields = list(schema.fields)
        if schema.id != schema_id(schema.name, fields):
            raise RecordError(f"schema {schema.name} does not have the id of its name and fields")
        if schema.name in self._classes or schema.name in _NAMED:
            cls: Any = self._class_named(schema.name)
        elif python and schema.python_class:
            cls = pickle.loads(schema.python_class)
        else:
            cls = _import(schema.name)
        own_fields = fields_of(cls) if isinstance(cls, type) else None
        if own_fields is None:
            return lambda values: Row(schema.name, dict(zip(fields, values, strict=True)))
        if set(own_fields) != set(fields):
            missing = ", ".join(sorted(set(own_fields) - set(fields))) or "none"
            unknown = ", ".join(sorted(set(fields) - set(own_fields))) or "none"
            raise RecordError(
                f"{schema.name} has other fields here: missing in the record: {missing}; unknown here: {unknown}"
            )
        return InstanceType(cls, schema.name, fields, by_value=False).make


def _check_record_type(cls: Any) -> None:
    if not isinstance(cls, type) or not (fields_of(cls) is not None or issubclass(cls, (enum.Enum, Message))):
        raise JobGraphError(
            f"{cls!r} cannot be registered: it is no dataclass, NamedTuple, Struct, Enum or protobuf message"
        )


def fields_of(cls: type) -> list[str] | None:
    """Returns the names of the fields of a dataclass, NamedTuple or Struct; None for any other class."""
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls)]
    named = getattr(cls, "_fields", None)
    if issubclass(cls, tuple) and isinstance(named, tuple):
        return list(named)
    msgspec = sys.modules.get("msgspec")
    if msgspec is not None and issubclass(cls, msgspec.Struct):
        return list(getattr(cls, "__struct_fields__", ()))
    return None


def default_name(cls: type) -> str:
    """Returns the name of a class that was not registered."""
    return f"{cls.__module__}.{cls.__qualname__}"


def message_name(cls: type[Message]) -> str:
    """Returns the full name of a protobuf message."""
    name: str = cls.DESCRIPTOR.full_name
    return name


def make_schema(name: str, fields: Sequence[str]) -> Schema:
    """Returns a schema; the fields must be in order."""
    return Schema(id=schema_id(name, fields), name=name, fields=fields)


def schema_id(name: str, fields: Sequence[str]) -> int:
    """Returns the content hash of a schema."""
    from anabranch.records.encoder import encode_value  # noqa: PLC0415 - the two need each other

    digest = hashlib.sha256(encode_value([name, list(fields)])).digest()
    return int.from_bytes(digest[:8], "big")


def _getter(fields: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    if not fields:
        return lambda _instance: ()
    get = attrgetter(*fields)
    return get if len(fields) > 1 else lambda instance: (get(instance),)


def _maker(cls: type, fields: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    if dataclasses.is_dataclass(cls):
        new, set_field = cls.__new__, object.__setattr__

        def make_dataclass(values: Sequence[Any]) -> Any:
            instance = new(cls)
            for field, value in zip(fields, values, strict=True):
                set_field(instance, field, value)
            return instance

        return make_dataclass
    if issubclass(cls, tuple):
        named_tuple: Any = cls
        positions = [fields.index(field) for field in named_tuple._fields]
        return lambda values: named_tuple._make(values[position] for position in positions)
    return lambda values: cls(**dict(zip(fields, values, strict=True)))


def _import(name: str) -> Any:
    """Returns what a dotted name means to a module that can be imported, or None."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:cut])
        try:
            found: Any = sys.modules.get(module_name) or importlib.import_module(module_name)
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found
    return None
