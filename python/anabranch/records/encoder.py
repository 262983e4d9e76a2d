"""The encoder in pure Python: the reference, and what is used where the native codec was not built."""

from __future__ import annotations

import contextlib
import enum
import pickle
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import cloudpickle
from google.protobuf.message import EncodeError, Message

from anabranch.errors import RecordError
from anabranch.records import wire
from anabranch.records.row import Row
from anabranch.records.types import InstanceType, TypeRegistry, make_schema, message_name
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON, Language
from anabranch.v1.record_pb2 import Schema

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted from it too
_SECOND = timedelta(seconds=1)
_ONE_MICROSECOND = timedelta(microseconds=1)

_pack_u16 = struct.Struct(">BH").pack
_pack_u32 = struct.Struct(">BI").pack
_pack_u64 = struct.Struct(">BQ").pack
_pack_i8 = struct.Struct(">Bb").pack
_pack_i16 = struct.Struct(">Bh").pack
_pack_i32 = struct.Struct(">Bi").pack
_pack_i64 = struct.Struct(">Bq").pack
_pack_f64 = struct.Struct(">Bd").pack
_pack_seconds = struct.Struct(">qI").pack
_NAN = bytes.fromhex("cb7ff8000000000000")
_SMALL_INTS = {n: bytes([n & 0xFF]) for n in range(-32, 128)}
_FIXED_STR = [bytes([0xA0 + n]) for n in range(32)]
_FIXED_EXT = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}


def encode_int(value: int) -> bytes:
    """Returns the shortest form of an int."""
    small = _SMALL_INTS.get(value)
    if small is not None:
        return small
    if value >= 0:
        if value < 0x100:
            return bytes((0xCC, value))
        if value < 0x10000:
            return _pack_u16(0xCD, value)
        if value < 0x100000000:
            return _pack_u32(0xCE, value)
        if value < 0x10000000000000000:
            return _pack_u64(0xCF, value)
    else:
        if value >= -0x80:
            return _pack_i8(0xD0, value)
        if value >= -0x8000:
            return _pack_i16(0xD1, value)
        if value >= -0x80000000:
            return _pack_i32(0xD2, value)
        if value >= -0x8000000000000000:
            return _pack_i64(0xD3, value)
    return extension(wire.BIG_INT, _shortest(value))


def encode_float(value: float) -> bytes:
    """Returns a float 64; every NaN alike."""
    return _pack_f64(0xCB, value) if value == value else _NAN  # noqa: PLR0124 - only NaN differs from itself


def encode_str(value: str) -> bytes:
    """Returns a str."""
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"a str with a lone surrogate: {error.reason}") from None
    size = len(data)
    if size < 32:
        return _FIXED_STR[size] + data
    return _sized(size, 0xD9, 0xDA, 0xDB) + data


def encode_bytes(value: bytes) -> bytes:
    """Returns a bin."""
    return _sized(len(value), 0xC4, 0xC5, 0xC6) + value


def array_header(size: int) -> bytes:
    """Returns the head of an array."""
    if size < 16:
        return bytes((0x90 + size,))
    return _pack_u16(0xDC, size) if size < 0x10000 else _pack_u32(0xDD, size)


def map_header(size: int) -> bytes:
    """Returns the head of a map."""
    if size < 16:
        return bytes((0x80 + size,))
    return _pack_u16(0xDE, size) if size < 0x10000 else _pack_u32(0xDF, size)


def extension(code: int, data: bytes) -> bytes:
    """Returns an extension value."""
    size = len(data)
    fixed = _FIXED_EXT.get(size)
    if fixed is not None:
        return bytes((fixed, code)) + data
    return _sized(size, 0xC7, 0xC8, 0xC9) + bytes((code,)) + data


def _sized(size: int, tag8: int, tag16: int, tag32: int) -> bytes:
    if size < 0x100:
        return bytes((tag8, size))
    if size < 0x10000:
        return _pack_u16(tag16, size)
    if size < 0x100000000:
        return _pack_u32(tag32, size)
    raise RecordError(f"it is {size} bytes long, more than MessagePack can say")


def _shortest(value: int) -> bytes:
    """Returns the shortest two's complement."""
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def _pickled(value: Any) -> bytes:
    with contextlib.suppress(Exception):  # user classes may raise anything
        return pickle.dumps(value, protocol=5)
    try:
        # Slower, but takes along classes that cannot be imported.
        return bytes(cloudpickle.dumps(value, protocol=5))
    except Exception as error:
        raise RecordError(f"a {_type_name(value)} cannot be pickled: {error}") from error


class _Refused(Exception):  # noqa: N818 - becomes a RecordError, or a pickle
    """The table of types has no row for a value."""


class ValueEncoder(dict[type, Callable[[Any], bytes]]):
    """Encodes values by their exact type: a table that completes itself with the classes it meets.

    Attributes:
        schemas: Schemas of the instances encoded since it was last cleared, by id.
    """

    def __init__(self, types: TypeRegistry, *, python: bool = False, key: bool = False) -> None:
        """Makes an encoder.

        Args:
            types: The types of the job.
            python: Whether the consumer is Python too, so that any object may travel.
            key: Whether values are keys, which may hold no protobuf messages.
        """
        super().__init__()
        self.schemas: dict[int, Schema] = {}
        self._types = types
        self._python = python
        self._key = key
        self._depth = 0
        self.update(
            {
                type(None): lambda _value: b"\xc0",
                bool: lambda value: b"\xc3" if value else b"\xc2",
                int: encode_int,
                float: encode_float,
                str: encode_str,
                bytes: encode_bytes,
                list: self._list,
                dict: self._dict,
                tuple: self._tuple,
                set: lambda value: self._set(wire.SET, value),
                frozenset: lambda value: self._set(wire.FROZEN_SET, value),
                UUID: lambda value: extension(wire.UUID, value.bytes),
                date: lambda v: extension(wire.DATE, (v.toordinal() - _EPOCH_DAY).to_bytes(4, "big", signed=True)),
                timedelta: self._timedelta,
                time: self._or_pickle(self._time),
                datetime: self._or_pickle(self._datetime),
                Decimal: self._or_pickle(_decimal),
                Row: self._row,
            }
        )

    def __missing__(self, cls: type) -> Callable[[Any], bytes]:
        handler = self._handler_of(cls)
        self[cls] = handler
        return handler

    def encode(self, value: Any) -> bytes:
        """Returns the bytes of one value.

        Raises:
            RecordError: It, or something in it, cannot be encoded; without index and path.
        """
        try:
            return self[type(value)](value)
        except _Refused as refused:
            raise RecordError(str(refused)) from None
        finally:
            self._depth = 0

    def _handler_of(self, cls: type) -> Callable[[Any], bytes]:
        instance_type = self._types.instance_type(cls)
        if instance_type is not None:
            return lambda value: self._instance(instance_type, value)
        if issubclass(cls, enum.Enum):
            return self._or_pickle(self._enum)
        if issubclass(cls, Message) and not self._key:
            return self._message
        return self._or_pickle(self._unknown)

    def _or_pickle(self, handler: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        """To Python a value without a row in the table travels as a pickle."""
        if not self._python:
            return handler

        def encode(value: Any) -> bytes:
            try:
                return handler(value)
            except _Refused:
                pass
            return extension(wire.PICKLE, _pickled(value))

        return encode

    def _items(self, values: Iterable[Any]) -> bytes:
        if self._depth >= wire.MAX_DEPTH:
            raise RecordError(f"it is nested deeper than {wire.MAX_DEPTH} levels")
        self._depth += 1
        encoded = b"".join([self[type(value)](value) for value in values])
        self._depth -= 1
        return encoded

    def _list(self, value: list[Any]) -> bytes:
        return array_header(len(value)) + self._items(value)

    def _tuple(self, value: tuple[Any, ...]) -> bytes:
        return extension(wire.TUPLE, array_header(len(value)) + self._items(value))

    def _dict(self, value: dict[Any, Any]) -> bytes:
        return map_header(len(value)) + self._items([part for item in value.items() for part in item])

    def _set(self, code: int, value: Iterable[Any]) -> bytes:
        if self._depth >= wire.MAX_DEPTH:
            raise RecordError(f"it is nested deeper than {wire.MAX_DEPTH} levels")
        self._depth += 1
        elements = sorted(self[type(element)](element) for element in value)
        self._depth -= 1
        return extension(code, array_header(len(elements)) + b"".join(elements))

    def _timedelta(self, value: timedelta) -> bytes:
        return extension(wire.DURATION, _pack_seconds(value.days * 86400 + value.seconds, value.microseconds * 1000))

    def _time(self, value: time) -> bytes:
        if value.tzinfo is not None:
            raise _Refused("a time with a zone cannot cross")
        if self._python and value.fold:
            raise _Refused
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return extension(wire.TIME, (seconds * wire.NANOS_PER_SECOND + value.microsecond * 1000).to_bytes(8, "big"))

    def _datetime(self, value: datetime) -> bytes:
        if value.tzinfo is None:
            if self._python and value.fold:
                raise _Refused
            return extension(wire.LOCAL_DATE_TIME, _since_epoch(value))
        if self._python and (type(value.tzinfo) is not timezone or value.fold):
            raise _Refused
        offset = value.utcoffset()
        if offset is None:
            raise _Refused(f"a datetime whose zone {value.tzinfo!r} has no offset")
        if offset % _SECOND:
            raise _Refused(f"a datetime whose offset {offset} is not in whole seconds")
        utc = _since_epoch(value.replace(tzinfo=None), offset)
        if not offset:
            return extension(wire.INSTANT, utc)
        return extension(wire.OFFSET_DATE_TIME, utc + (offset // _SECOND).to_bytes(4, "big", signed=True))

    def _enum(self, value: enum.Enum) -> bytes:
        cls = type(value)
        if cls.__members__.get(value.name) is not value:
            raise _Refused(f"{value!r} is no single constant of {cls.__qualname__}")
        if self._python and not self._types.is_known_by_name(cls):
            raise _Refused
        return extension(wire.ENUM, array_header(2) + encode_str(self._types.name_of(cls)) + encode_str(value.name))

    def _instance(self, instance_type: InstanceType, value: Any) -> bytes:
        try:
            fields = instance_type.get(value)
        except AttributeError as error:
            raise RecordError(f"a {_type_name(value)} lacks a field: {error}") from None
        schema = instance_type.schema_for(python=self._python)
        self.schemas[schema.id] = schema
        return extension(wire.INSTANCE, schema.id.to_bytes(8, "big") + self._items(fields))

    def _row(self, value: Row) -> bytes:
        schema = make_schema(value.type_name, list(value))
        self.schemas[schema.id] = schema
        return extension(wire.INSTANCE, schema.id.to_bytes(8, "big") + self._items([value[name] for name in value]))

    def _message(self, value: Message) -> bytes:
        try:
            data = value.SerializeToString(deterministic=True)
        except EncodeError as error:
            raise RecordError(f"a protobuf message cannot be encoded: {error}") from None
        return extension(wire.PROTOBUF, encode_str(message_name(type(value))) + data)

    def _unknown(self, value: Any) -> bytes:
        raise _Refused(f"a {_type_name(value)} cannot cross{_hint(value)}")


class Encoder:
    """Encodes batches for the consumers of one edge."""

    def __init__(self, target: Language, types: TypeRegistry) -> None:
        """Makes an encoder.

        Args:
            target: Language of the consumer.
            types: The types of the job.
        """
        self._values = ValueEncoder(types, python=target == LANGUAGE_PYTHON)
        self._keys = ValueEncoder(types, key=True)

    def encode(self, values: Sequence[Any], keys: Sequence[Any] | None = None) -> tuple[bytes, list[Schema]]:
        """Encodes a batch: the keys, if there are any, then the values.

        Returns:
            The payload, and every schema that it refers to.

        Raises:
            RecordError: A record cannot be encoded; with its index in the batch and the path inside it.
        """
        encoded_keys = b"" if keys is None else encode_batch(self._keys, keys)
        payload = encoded_keys + encode_batch(self._values, values)
        schemas = [*self._keys.schemas.values(), *self._values.schemas.values()]
        if schemas:
            self._keys.schemas.clear()
            self._values.schemas.clear()
        return payload, schemas


def encode_value(value: Any) -> bytes:
    """Returns the canonical bytes of one value of plain types.

    Raises:
        RecordError: It cannot be encoded.
    """
    return encode_batch(ValueEncoder(TypeRegistry()), [value])


def encode_batch(encoder: ValueEncoder, values: Sequence[Any]) -> bytes:
    """Returns the bytes of all values, one after the other.

    Raises:
        RecordError: A record cannot be encoded; with its index and the path inside it.
    """
    try:
        return b"".join([encoder[type(value)](value) for value in values])
    except (RecordError, _Refused, RecursionError, RuntimeError):
        encoder._depth = 0  # noqa: SLF001 - the next batch begins at the top
        raise _explain(encoder, values) from None


def _explain(encoder: ValueEncoder, values: Sequence[Any]) -> RecordError:
    """Returns the error of the first record that cannot be encoded, with the path to what is wrong in it."""
    for index, value in enumerate(values):
        try:
            encoder.encode(value)
        except (RecordError, RecursionError, RuntimeError) as error:
            path, reason = _find(encoder, value, str(error))
            message = f"{reason}, at {path}" if path else reason
            return RecordError(message, index=index, path=path)
    return RecordError("a record was changed while it was encoded")


def _find(encoder: ValueEncoder, value: Any, reason: str) -> tuple[str, str]:
    """Returns the path to the innermost part that cannot be encoded, and why it cannot."""
    for step, part in _parts(value):
        try:
            encoder.encode(part)
        except RecordError as error:
            path, inner = _find(encoder, part, str(error))
            return step + path, inner
        except (RecursionError, RuntimeError):
            return step, reason
    return "", reason


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, (list, tuple)):
        return ((f"[{index}]", part) for index, part in enumerate(value))
    if isinstance(value, dict):
        keys = ((f".key({key!r})", key) for key in value)
        return (*keys, *((f"[{key!r}]", part) for key, part in value.items()))
    if isinstance(value, (set, frozenset)):
        return ((f".element({part!r})", part) for part in value)
    if isinstance(value, Row):
        return ((f".{name}", value[name]) for name in value)
    fields = getattr(type(value), "__dataclass_fields__", None) or getattr(type(value), "__struct_fields__", None) or ()
    return ((f".{name}", getattr(value, name)) for name in fields if hasattr(value, name))


def _since_epoch(local: datetime, offset: timedelta = timedelta(0)) -> bytes:
    since = local - _EPOCH - offset
    return _pack_seconds(since.days * 86400 + since.seconds, since.microseconds * 1000)


def _decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise _Refused(f"Decimal {value} cannot cross: it is not finite")
    unscaled = int("".join(map(str, digits)) or "0")
    if sign and not unscaled:
        raise _Refused("Decimal -0 cannot cross: Java has no such number")
    if not -(2**31) <= -exponent < 2**31:
        raise _Refused(f"a Decimal with the exponent {exponent} cannot cross")
    scale = (-exponent).to_bytes(4, "big", signed=True)
    return extension(wire.DECIMAL, scale + _shortest(-unscaled if sign else unscaled))


def _type_name(value: Any) -> str:
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _hint(value: Any) -> str:
    for plain in (bool, int, float, str, bytes, dict, list, tuple, set):
        if isinstance(value, plain):
            return f"; convert it, e.g. {plain.__name__}(value)"
    if isinstance(value, (bytearray, memoryview)):
        return "; convert it, e.g. bytes(value)"
    if hasattr(value, "tolist"):
        return "; convert it, e.g. value.tolist()"
    return ""
