"""How instances of a class are taken apart into their fields, and made of them."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import inspect
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from anabranch.errors import RecordError
from anabranch.pickling import dumps
from anabranch.records import wire
from anabranch.records.classes import fields_of, other_slots
from anabranch.records.row import Row
from anabranch.v1.record_pb2 import Schema


class Access(enum.IntEnum):
    """Where the fields of an instance are; known to the native codec by number."""

    CALL = 0  # only Python code gets at them
    ATTRIBUTES = 1  # attributes; nothing else to look at
    DICT = 2  # attributes in the `__dict__` of the instance, beside which there may be others
    POSITIONS = 3  # elements of a tuple


class InstanceType:
    """A class whose instances travel as their field values.

    Attributes:
        cls: The class.
        schema: What is sent ahead of the instances.
        id_bytes: The schema's id as it stands in front of the field values.
        access: Where the fields are.
        sources: For each field in the schema's order its name, or its position in a tuple.
        values: Returns the field values of an instance, in the schema's order.
    """

    def __init__(self, cls: type, name: str, declared: list[str], *, is_registered: bool) -> None:
        """Creates the description of a class.

        Args:
            cls: The class.
            name: Its name on the wire.
            declared: Its fields in the order of their declaration.
            is_registered: Whether every Python process of the job knows it by its name.
        """
        ordered = sorted(declared, key=str.encode)
        self.cls = cls
        self.schema = make_schema(name, ordered)
        self.id_bytes = self.schema.id.to_bytes(8, "big")
        self._other_slots = dataclasses.is_dataclass(cls) and bool(other_slots(cls, declared))
        self.access = _access(cls, declared, other_state=self._other_slots)
        self.sources: tuple[Any, ...] = tuple(ordered)
        if self.access is Access.POSITIONS:
            self.sources = tuple(declared.index(field) for field in ordered)
        self.values: Callable[[Any], Sequence[Any]] = _getter(ordered)
        self._fields = frozenset(declared)
        self._has_dict = cls.__dictoffset__ != 0
        self._is_registered = is_registered
        self._schema_with_class: Schema | None = None

    def schema_for(self, *, python: bool) -> Schema:
        """Returns the schema, with the class itself if the consumer is Python and may not know it.

        A name alone would not do: names of rows are data, so none has anything imported.
        """
        if not python or self._is_registered:
            return self.schema
        if self._schema_with_class is None:
            self._schema_with_class = with_class(self.schema, self.cls)
        return self._schema_with_class

    def is_whole(self, instance: Any) -> bool:
        """Returns whether the fields are all that there is to an instance."""
        if self._other_slots:
            return False
        return not self._has_dict or vars(instance).keys() <= self._fields


class InstancePlan(NamedTuple):
    """How the native encoder takes instances apart; it reads this by position.

    Attributes:
        access: Where the fields are.
        id_bytes: The schema's id.
        sources: For each field its name or position.
        number: The schema's id once more.
        schema: What is sent ahead of the instances.
        handler: What encodes an instance that has more than its fields.
    """

    access: int
    id_bytes: bytes
    sources: tuple[Any, ...]
    number: int
    schema: Schema
    handler: Callable[[Any, int], bytes]


class InstanceMaker(NamedTuple):
    """What makes the instances of a schema; the native decoder reads it by position.

    Attributes:
        n_fields: Number of fields.
        access: Where the fields go.
        cls: The class, or None if rows stand for it.
        targets: For each field in the order of declaration its name; for a tuple nothing.
        positions: For each field in the order of declaration its position in the schema.
        make: Creates an instance from the field values in the schema's order, without running a constructor where that
            is possible. May raise anything.
    """

    n_fields: int
    access: int
    cls: Any
    targets: tuple[str, ...]
    positions: tuple[int, ...]
    make: Callable[[Sequence[Any]], Any]


class Mismatch:
    """Creates no instance: the class of this side has other fields than the one of the other side."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self, _values: Sequence[Any]) -> Any:  # noqa: D102
        raise RecordError(self.reason)


def instance_maker(cls: type | None, schema: Schema) -> InstanceMaker:
    """Returns what makes the instances of a schema as it was received: of a class, or rows if that is None."""
    fields = list(schema.fields)
    declared = None if cls is None else fields_of(cls)
    if cls is None or declared is None:
        return InstanceMaker(len(fields), Access.CALL, None, (), (), _row_maker(schema.name, fields))
    if set(declared) != set(fields):
        refuse = Mismatch(_difference(cls, schema.name, declared, fields))
        return InstanceMaker(len(fields), Access.CALL, cls, (), (), refuse)
    positions = tuple(fields.index(field) for field in declared)
    if issubclass(cls, tuple):
        return InstanceMaker(len(fields), Access.POSITIONS, cls, (), positions, _tuple_maker(cls, positions))
    if dataclasses.is_dataclass(cls):
        targets = tuple(declared)
        make = _dataclass_maker(cls, targets, positions)
        return InstanceMaker(len(fields), Access.ATTRIBUTES, cls, targets, positions, make)
    # A Struct has no way round its constructor.
    return InstanceMaker(len(fields), Access.CALL, cls, (), (), _struct_maker(cls, fields))


def make_schema(name: str, fields: Sequence[str]) -> Schema:
    """Returns a schema; the fields must be in order."""
    return Schema(id=schema_id(name, fields), name=name, fields=fields)


def schema_id(name: str, fields: Sequence[str]) -> int:
    """Returns the content hash of a schema.

    Raises:
        RecordError: A name has a lone surrogate.
    """
    encoded = wire.array_header(2) + wire.encode_str(name) + wire.array_header(len(fields))
    encoded += b"".join(wire.encode_str(field) for field in fields)
    return int.from_bytes(hashlib.sha256(encoded).digest()[:8], "big")


def with_class(schema: Schema, cls: type) -> Schema:
    """Returns a schema that brings its class along.

    Raises:
        RecordError: The class cannot be pickled.
    """
    result = Schema()
    result.CopyFrom(schema)
    try:
        result.python_class = dumps(cls)
    except Exception as error:
        raise RecordError(f"class {cls.__qualname__} cannot be pickled: {error}") from error
    return result


def _access(cls: type, fields: Sequence[str], *, other_state: bool) -> Access:
    lookup: Any = cls.__getattribute__
    if other_state or lookup not in (object.__getattribute__, tuple.__getattribute__):
        return Access.CALL
    if issubclass(cls, tuple):
        return Access.CALL if cls.__dictoffset__ else Access.POSITIONS
    if not cls.__dictoffset__:
        return Access.ATTRIBUTES
    if any(hasattr(inspect.getattr_static(cls, field, None), "__get__") for field in fields):
        return Access.CALL  # a descriptor: the attribute may not be what is in the dict
    return Access.DICT


def _getter(fields: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    if not fields:
        return lambda _instance: ()
    get = attrgetter(*fields)
    return get if len(fields) > 1 else lambda instance: (get(instance),)


def _tuple_maker(cls: type, positions: tuple[int, ...]) -> Callable[[Sequence[Any]], Any]:
    new: Any = tuple.__new__
    return lambda values: new(cls, [values[position] for position in positions])


def _dataclass_maker(cls: type, targets: tuple[str, ...], positions: tuple[int, ...]) -> Callable[[Sequence[Any]], Any]:
    set_field = object.__setattr__  # a frozen class forbids its own
    places = list(zip(targets, positions, strict=True))

    def make(values: Sequence[Any]) -> Any:
        instance: Any = object.__new__(cls)
        for target, position in places:
            set_field(instance, target, values[position])
        return instance

    return make


def _struct_maker(cls: type, fields: list[str]) -> Callable[[Sequence[Any]], Any]:
    return lambda values: cls(**dict(zip(fields, values, strict=True)))


def _row_maker(name: str, fields: list[str]) -> Callable[[Sequence[Any]], Any]:
    return lambda values: Row(name, dict(zip(fields, values, strict=True)))


def _difference(cls: type, name: str, declared: list[str], received: list[str]) -> str:
    missing = ", ".join(sorted(set(declared) - set(received))) or "none"
    unknown = ", ".join(sorted(set(received) - set(declared))) or "none"
    return (
        f"the fields of {name} are not those of {cls.__module__}.{cls.__qualname__} here: "
        f"missing in the record: {missing}; unknown here: {unknown}"
    )
