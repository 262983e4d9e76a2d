"""The encoder in pure Python: the reference, and what is used where the native codec was not built."""

from __future__ import annotations

import contextlib
import enum
import pickle
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from anabranch.errors import RecordError
from anabranch.pickling import dumps
from anabranch.records import scalars, wire
from anabranch.records.classes import message_name
from anabranch.records.explain import hint, type_name
from anabranch.records.instances import Access, InstancePlan, InstanceType, make_schema
from anabranch.records.row import Row
from anabranch.records.scalars import Unencodable, encode_float, encode_int
from anabranch.records.types import TypeRegistry
from anabranch.records.wire import TooDeepError, array_header, encode_str, extension, map_header
from anabranch.text import shown
from anabranch.v1.record_pb2 import Schema

# Takes a value and how many containers it is in.
Handler = Callable[[Any, int], bytes]

_NAN = encode_float(float("nan"))
# What is different from another one of its kind or of these if its bytes are; but for NaN, which is what it is.
_PLAIN = (str, int, float, bytes, bool, type(None))

# Row types are data, not classes: a stream may bring any number of them.
_MAX_ROW_SCHEMAS = 1024


class ValueEncoder(dict[type, Handler]):
    """Encodes values by their exact type: a table that completes itself with the classes it meets.

    Attributes:
        schemas: Schemas that the values encoded so far refer to, by id; the caller clears it.
        plans: For the native codec: how to take instances of a class apart without calling its handler.
    """

    def __init__(
        self, types: TypeRegistry, *, python: bool = False, key: bool = False, with_classes: bool | None = None
    ) -> None:
        """Creates an encoder.

        Args:
            types: The types of the job.
            python: Whether the consumer is Python too, so that any object may travel.
            key: Whether values are keys, which may hold no protobuf messages.
            with_classes: Whether schemas bring along classes of Python's; by default if the consumer is Python.
        """
        super().__init__()
        self.schemas: dict[int, Schema] = {}
        self.plans: dict[type, InstancePlan] = {}
        self._types = types
        self._python = python
        self._key = key
        self._with_classes = python if with_classes is None else with_classes
        self._row_schemas: dict[tuple[str, ...], Schema] = {}
        # To Python: the class that a schema id, or the name of an enum, stands for. Others travel as pickles.
        self._claimed: dict[int | str, type] = {}
        self.update(
            {
                type(None): lambda _value, _depth: b"\xc0",
                bool: lambda value, _depth: b"\xc3" if value else b"\xc2",
                int: self._or_pickle(encode_int),
                float: lambda value, _depth: encode_float(value),
                str: self._str,
                bytes: lambda value, _depth: wire.sized(len(value), 0xC4, 0xC5, 0xC6) + value,
                list: self._list,
                dict: self._dict,
                tuple: self._tuple,
                set: lambda value, depth: self._set(wire.SET, value, depth),
                frozenset: lambda value, depth: self._set(wire.FROZEN_SET, value, depth),
                UUID: lambda value, _depth: scalars.encode_uuid(value),
                date: lambda value, _depth: scalars.encode_date(value),
                timedelta: lambda value, _depth: scalars.encode_timedelta(value),
                time: self._or_pickle(scalars.encode_time),
                datetime: self._or_pickle(self._datetime),
                Decimal: self._or_pickle(scalars.encode_decimal),
                Row: self._row,
            }
        )

    def __missing__(self, cls: type) -> Handler:
        handler = self._handler_of(cls)
        self[cls] = handler
        return handler

    @property
    def types(self) -> TypeRegistry:
        """The types of the job."""
        return self._types

    def encode(self, values: Sequence[Any]) -> bytes:
        """Returns the bytes of all values, one after the other.

        Raises:
            RecordError: A value cannot be encoded; without telling which. Also Unencodable, and RuntimeError if a
                value changes while it is encoded.
        """
        try:
            return b"".join([self[type(value)](value, 0) for value in values])
        except TooDeepError:
            if not self._python:
                raise
        return b"".join([self._even_if_deep(value) for value in values])

    def _even_if_deep(self, value: Any) -> bytes:
        """To Python a value that is nested too deep travels as a pickle, whole.

        Not the parts below the deepest level: of nodes that know their parents there are endlessly many.
        """
        with contextlib.suppress(TooDeepError):
            return self[type(value)](value, 0)
        return _pickled(value)

    def _handler_of(self, cls: type) -> Handler:
        instance_type = self._types.instance_type(cls)
        if instance_type is not None:
            return self._instances_of(instance_type)
        if issubclass(cls, enum.Enum):
            return self._constants_of(cls)
        if issubclass(cls, Message) and not self._key:
            return self._messages_of(cls)
        return self._or_pickle(_unknown)

    def _is_taken(self, sign: int | str, cls: type) -> bool:
        """Returns whether this schema id, or name of an enum, stands for another class at a consumer in Python."""
        return self._python and self._claimed.setdefault(sign, cls) is not cls

    def _or_pickle(self, encode: Callable[[Any], bytes]) -> Handler:
        """To Python a value without a row in the table travels as a pickle."""
        if not self._python:
            return lambda value, _depth: encode(value)

        def handler(value: Any, _depth: int) -> bytes:
            try:
                return encode(value)
            except Unencodable:
                pass
            return _pickled(value)

        return handler

    def _str(self, value: str, _depth: int) -> bytes:
        try:
            return encode_str(value)
        except RecordError:
            if not self._python:
                raise
        return _pickled(value)

    def _items(self, values: Iterable[Any], depth: int) -> list[bytes]:
        if depth >= wire.MAX_DEPTH:
            raise TooDeepError
        depth += 1
        return [self[type(value)](value, depth) for value in values]

    def _array(self, values: Iterable[Any], depth: int) -> bytes:
        items = self._items(values, depth)  # first, lest a zone or property of the user's changes their number
        return array_header(len(items)) + b"".join(items)

    def _list(self, value: list[Any], depth: int) -> bytes:
        return self._array(value, depth)

    def _tuple(self, value: tuple[Any, ...], depth: int) -> bytes:
        return extension(wire.TUPLE, self._array(value, depth))

    def _dict(self, value: dict[Any, Any], depth: int) -> bytes:
        items = self._items([part for item in value.items() for part in item], depth)
        if len(set(items[::2])) * 2 != len(items):
            return self._with_equal_bytes(value)
        if self._python and _may_be_one_there(value, items[::2]):
            return _pickled(value)
        return map_header(len(items) // 2) + b"".join(items)

    def _set(self, code: int, value: Iterable[Any], depth: int) -> bytes:
        items = self._items(value, depth)
        elements = sorted(items)
        if any(left == right for left, right in pairwise(elements)):
            return self._with_equal_bytes(value)
        if self._python and _may_be_one_there(value, items):
            return _pickled(value)
        return extension(code, array_header(len(elements)) + b"".join(elements))

    def _with_equal_bytes(self, value: Any) -> bytes:
        """Two NaN, or two objects that are equal only to themselves: but one key for any other language."""
        if self._python:
            return _pickled(value)
        raise RecordError("two of its keys or elements differ in Python only, such as two NaN")

    def _datetime(self, value: datetime) -> bytes:
        if self._python and not scalars.keeps_zone(value):
            raise Unencodable
        return scalars.encode_datetime(value)

    def _instances_of(self, instance_type: InstanceType) -> Handler:
        schema = instance_type.schema_for(python=self._with_classes)
        number, id_bytes, values_of = schema.id, instance_type.id_bytes, instance_type.values
        python = self._python
        if self._is_taken(number, instance_type.cls):
            return lambda value, _depth: _pickled(value)

        def handler(value: Any, depth: int) -> bytes:
            if python and not instance_type.is_whole(value):
                return _pickled(value)
            try:
                values = values_of(value)
            except Exception as error:  # fields may be properties
                raise RecordError(f"the fields of a {type_name(value)} cannot be read: {error}") from error
            self.schemas[number] = schema
            return extension(wire.INSTANCE, id_bytes + b"".join(self._items(values, depth)))

        if instance_type.access is not Access.CALL:
            self.plans[instance_type.cls] = InstancePlan(
                instance_type.access, id_bytes, instance_type.sources, number, schema, handler
            )
        return handler

    def _constants_of(self, cls: type[enum.Enum]) -> Handler:
        called = self._types.name_of(cls)
        if self._is_taken(called, cls) or (self._python and self._types.is_of_another(called, cls)):
            return lambda value, _depth: _pickled(value)
        name = encode_str(called)
        carrier = self._types.carrier(cls) if self._with_classes else None

        def encode(value: enum.Enum) -> bytes:
            # In Python 3.10 a combination of flags has no name at all.
            if cls.__members__.get(value.name) is not value:
                raise Unencodable(f"{shown(value)} cannot cross: it is not a single constant of {cls.__qualname__}")
            if carrier is not None:
                self.schemas[carrier.id] = carrier
            return extension(wire.ENUM, array_header(2) + name + encode_str(value.name))

        return self._or_pickle(encode)

    def _messages_of(self, cls: type[Message]) -> Handler:
        name = encode_str(message_name(cls))
        carrier = None
        if self._python:
            with contextlib.suppress(RecordError):  # a class made at run time; the consumer must have it too
                carrier = self._types.carrier(cls)

        def handler(value: Message, _depth: int) -> bytes:
            try:
                data = value.SerializeToString(deterministic=True)
            except Exception as error:
                raise RecordError(f"a protobuf message cannot be encoded: {error}") from error
            if carrier is not None:
                self.schemas[carrier.id] = carrier
            return extension(wire.PROTOBUF, name + data)

        return handler

    def _row(self, value: Row, depth: int) -> bytes:
        names = tuple(value)
        shape = (value.type_name, *names)
        schema = self._row_schemas.get(shape)
        if schema is None:
            if len(self._row_schemas) >= _MAX_ROW_SCHEMAS:
                self._row_schemas.clear()
            schema = self._row_schemas[shape] = make_schema(value.type_name, names)
        if schema.id in self._claimed:  # a class of this name and these fields
            return _pickled(value)
        self.schemas[schema.id] = schema
        values = [value[name] for name in names]
        return extension(wire.INSTANCE, schema.id.to_bytes(8, "big") + b"".join(self._items(values, depth)))


def _may_be_one_there(keys: Iterable[Any], encoded: Iterable[bytes]) -> bool:
    """Returns whether two keys may be equal in another process, where all NaN are one: (0.0, nan) and (False, nan)."""
    found = 0
    for key, data in zip(keys, encoded, strict=False):
        found += _NAN in data and type(key) not in _PLAIN
    return found > 1


def _unknown(value: Any) -> bytes:
    raise Unencodable(f"a {type_name(value)} cannot cross{hint(value)}")


def _pickled(value: Any) -> bytes:
    with contextlib.suppress(Exception):  # user classes may raise anything; cloudpickle has the last word
        data = pickle.dumps(value)
        if b"__main__" not in data:  # the consumer's process may not know the classes of the script by their names
            return extension(wire.PICKLE, data)
    try:
        # Slower, but takes along classes that cannot be imported.
        return extension(wire.PICKLE, bytes(dumps(value)))
    except Exception as error:
        if isinstance(error.__cause__ or error, RecursionError):
            raise TooDeepError("it is nested deeper than pickle can follow") from None
        raise RecordError(f"a {type_name(value)} cannot be pickled: {error}") from error
