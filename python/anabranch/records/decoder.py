"""The decoder in pure Python: the reference, and what is used where the native codec was not built."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from google.protobuf.message import DecodeError

from anabranch.errors import RecordError
from anabranch.records import wire
from anabranch.records.types import TypeRegistry
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON, Language
from anabranch.v1.record_pb2 import Schema

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted from it too
_UTC_EPOCH = _EPOCH.replace(tzinfo=timezone.utc)
_DAY_NANOS = 86400 * wire.NANOS_PER_SECOND

_SECONDS = struct.Struct(">qI")
_NUMBERS = {
    0xCA: struct.Struct(">f"),
    0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"),
    0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"),
    0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"),
    0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"),
    0xD3: struct.Struct(">q"),
}
# Tags that are followed by a length, and the size of the length.
_STR = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BIN = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_ARRAY = {0xDC: 2, 0xDD: 4}
_MAP = {0xDE: 2, 0xDF: 4}
_EXT = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_FIXED_EXT = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


class ValueDecoder:
    """Decodes one payload, trusting nothing in it."""

    def __init__(self, payload: bytes, types: TypeRegistry, schemas: Iterable[Schema], *, python: bool) -> None:
        """Makes a decoder of a payload.

        Args:
            payload: The bytes.
            types: The types of the job.
            schemas: The schemas that the payload may refer to.
            python: Whether the producer is Python, so that pickles may be in it.
        """
        self._buffer = payload
        self._size = len(payload)
        self._position = 0
        self._types = types
        self._schemas = {schema.id: schema for schema in schemas}
        self._python = python

    def decode(self, n: int) -> list[Any]:
        """Returns exactly `n` values, after which nothing may be left.

        Raises:
            RecordError: The bytes are not that; with the index of the value.
        """
        values: list[Any] = []
        try:
            for _ in range(n):
                values.append(self._value(0))  # noqa: PERF401 - an error must tell how many there were
        except RecordError as error:
            raise RecordError(str(error), index=len(values)) from error
        except IndexError:
            raise RecordError("the bytes end inside a value", index=len(values)) from None
        if self._position != self._size:
            raise RecordError(f"{self._size - self._position} bytes are left over", index=n)
        return values

    def _value(self, depth: int) -> Any:  # noqa: PLR0912 - one branch per kind of tag, common ones first
        tag = self._buffer[self._position]
        self._position += 1
        if tag < 0x80:
            return tag
        if 0xA0 <= tag < 0xC0:
            return self._str(tag - 0xA0)
        if tag in _FIXED_EXT:
            return self._extension(_FIXED_EXT[tag], depth)
        if tag in _EXT:
            return self._extension(self._length(_EXT[tag]), depth)
        if tag >= 0xE0:
            return tag - 0x100
        number = _NUMBERS.get(tag)
        if number is not None:
            start = self._position
            self._take(number.size)
            return number.unpack_from(self._buffer, start)[0]
        if 0x90 <= tag < 0xA0:
            return self._list(tag - 0x90, depth)
        if tag < 0x90:
            return self._dict(tag - 0x80, depth)
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _STR:
            return self._str(self._length(_STR[tag]))
        if tag in _BIN:
            return self._take(self._length(_BIN[tag]))
        if tag in _ARRAY:
            return self._list(self._length(_ARRAY[tag]), depth)
        if tag in _MAP:
            return self._dict(self._length(_MAP[tag]), depth)
        raise RecordError(f"no value begins with the byte {tag:#04x}")

    def _take(self, size: int) -> bytes:
        start, end = self._position, self._position + size
        if end > self._size:
            raise RecordError("the bytes end inside a value")
        self._position = end
        return self._buffer[start:end]

    def _length(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _str(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError as error:
            raise RecordError(f"a str is not UTF-8: {error.reason}") from None

    def _list(self, size: int, depth: int) -> list[Any]:
        if depth >= wire.MAX_DEPTH:
            raise RecordError(f"it is nested deeper than {wire.MAX_DEPTH} levels")
        if size > self._size - self._position:  # each element takes a byte at least
            raise RecordError("the bytes end inside a list")
        return [self._value(depth + 1) for _ in range(size)]

    def _dict(self, size: int, depth: int) -> dict[Any, Any]:
        if depth >= wire.MAX_DEPTH:
            raise RecordError(f"it is nested deeper than {wire.MAX_DEPTH} levels")
        if 2 * size > self._size - self._position:
            raise RecordError("the bytes end inside a dict")
        result: dict[Any, Any] = {}
        for _ in range(size):
            key = self._value(depth + 1)
            try:
                result[key] = self._value(depth + 1)
            except TypeError:
                raise RecordError(f"a {type(key).__name__} cannot be the key of a dict in Python") from None
        if len(result) != size:
            raise RecordError("a dict has keys that are equal in Python")
        return result

    def _extension(self, size: int, depth: int) -> Any:
        code = self._buffer[self._position]
        self._position += 1
        end = self._position + size
        if end > self._size:
            raise RecordError("the bytes end inside an extension")
        nested = _NESTED.get(code)
        if nested is not None:
            value = nested(self, end, depth)
            if self._position != end:
                raise RecordError(f"extension {code} is not as long as it says")
            return value
        scalar = _SCALARS.get(code)
        if scalar is None:
            raise RecordError(f"there is no extension {code}")
        try:
            return scalar(self._take(size))
        except (ValueError, OverflowError, struct.error) as error:
            raise error if isinstance(error, RecordError) else RecordError(f"extension {code}: {error}") from None

    def _elements(self, end: int, depth: int) -> list[Any]:
        tag = self._buffer[self._position] if self._position < end else 0
        self._position += 1
        if 0x90 <= tag < 0xA0:
            size = tag - 0x90
        elif tag in _ARRAY:
            size = self._length(_ARRAY[tag])
        else:
            raise RecordError("an extension that holds elements does not begin with an array")
        if size > end - self._position:
            raise RecordError("the bytes end inside an extension")
        return self._list(size, depth)

    def _tuple(self, end: int, depth: int) -> tuple[Any, ...]:
        return tuple(self._elements(end, depth))

    def _set(self, end: int, depth: int) -> set[Any]:
        elements = self._elements(end, depth)
        try:
            result = set(elements)
        except TypeError as error:
            raise RecordError(f"what a set holds cannot be in a set in Python: {error}") from None
        if len(result) != len(elements):
            raise RecordError("a set has elements that are equal in Python")
        return result

    def _frozenset(self, end: int, depth: int) -> frozenset[Any]:
        return frozenset(self._set(end, depth))

    def _enum(self, end: int, depth: int) -> Any:
        elements = self._elements(end, depth)
        if [type(element) for element in elements] != [str, str]:
            raise RecordError("an enum is not the names of its type and constant")
        return self._types.enum_constant(*elements)

    def _instance(self, end: int, depth: int) -> Any:
        if end - self._position < 8:
            raise RecordError("an instance is shorter than its schema id")
        number = self._length(8)
        schema = self._schemas.get(number)
        if schema is None:
            raise RecordError(f"an instance has the schema {number:#018x}, which its frame does not list")
        make = self._types.maker(schema, python=self._python)
        values = self._list(len(schema.fields), depth) if self._position <= end else []
        try:
            return make(values)
        except Exception as error:
            raise RecordError(f"a {schema.name} cannot be made of its fields: {error}") from error

    def _message(self, end: int, depth: int) -> Any:
        start = self._position
        name = self._value(depth) if start < end else None
        if not isinstance(name, str) or self._position > end:
            raise RecordError("a protobuf message does not begin with its name")
        cls = self._types.message_class(name)
        try:
            return cls.FromString(self._take(end - self._position))
        except DecodeError as error:
            raise RecordError(f"protobuf message {name}: {error}") from None

    def _pickle(self, end: int, _depth: int) -> Any:
        if not self._python:
            raise RecordError("a pickle may come from Python only")
        try:
            return pickle.loads(self._take(end - self._position))
        except Exception as error:
            raise RecordError(f"an object cannot be unpickled: {error}") from error

    def _java_object(self, _end: int, _depth: int) -> Any:
        raise RecordError("a serialized Java object cannot cross to Python")


def _big_int(data: bytes) -> int:
    if not data:
        raise RecordError("a big int without data")
    return int.from_bytes(data, "big", signed=True)


def _date(data: bytes) -> date:
    _check_size(data, 4)
    return date.fromordinal(int.from_bytes(data, "big", signed=True) + _EPOCH_DAY)


def _time(data: bytes) -> time:
    _check_size(data, 8)
    nanos = int.from_bytes(data, "big")
    if nanos >= _DAY_NANOS:
        raise RecordError("a time beyond the end of the day")
    seconds, micros = nanos // wire.NANOS_PER_SECOND, _micros(nanos % wire.NANOS_PER_SECOND)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, micros)


def _since_epoch(data: bytes) -> timedelta:
    seconds, nanos = _SECONDS.unpack(data)
    return timedelta(seconds=seconds, microseconds=_micros(nanos))


def _micros(nanos: int) -> int:
    if nanos >= wire.NANOS_PER_SECOND:
        raise RecordError("more nanoseconds than a second has")
    micros, rest = divmod(nanos, 1000)
    if rest:
        raise RecordError(
            "a time has a fraction of a microsecond, which Python cannot hold; "
            "in Java, use truncatedTo(ChronoUnit.MICROS)"
        )
    return micros


def _instant(data: bytes) -> datetime:
    _check_size(data, 12)
    return _UTC_EPOCH + _since_epoch(data)


def _local_date_time(data: bytes) -> datetime:
    _check_size(data, 12)
    return _EPOCH + _since_epoch(data)


def _offset_date_time(data: bytes) -> datetime:
    _check_size(data, 16)
    offset = timedelta(seconds=int.from_bytes(data[12:], "big", signed=True))
    return (_EPOCH + (_since_epoch(data[:12]) + offset)).replace(tzinfo=timezone(offset))


def _duration(data: bytes) -> timedelta:
    _check_size(data, 12)
    return _since_epoch(data)


def _decimal(data: bytes) -> Decimal:
    if len(data) < 5:
        raise RecordError("a decimal without its unscaled value")
    scale = int.from_bytes(data[:4], "big", signed=True)
    unscaled = int.from_bytes(data[4:], "big", signed=True)
    return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))


def _uuid(data: bytes) -> UUID:
    _check_size(data, 16)
    return UUID(bytes=data)


def _check_size(data: bytes, size: int) -> None:
    if len(data) != size:
        raise RecordError(f"{len(data)} bytes instead of {size}")


_SCALARS: dict[int, Callable[[bytes], Any]] = {
    wire.BIG_INT: _big_int,
    wire.DATE: _date,
    wire.TIME: _time,
    wire.INSTANT: _instant,
    wire.OFFSET_DATE_TIME: _offset_date_time,
    wire.LOCAL_DATE_TIME: _local_date_time,
    wire.DURATION: _duration,
    wire.DECIMAL: _decimal,
    wire.UUID: _uuid,
}
_NESTED: dict[int, Callable[[ValueDecoder, int, int], Any]] = {
    wire.TUPLE: ValueDecoder._tuple,  # noqa: SLF001 - a table of our own methods
    wire.SET: ValueDecoder._set,  # noqa: SLF001
    wire.FROZEN_SET: ValueDecoder._frozenset,  # noqa: SLF001
    wire.ENUM: ValueDecoder._enum,  # noqa: SLF001
    wire.INSTANCE: ValueDecoder._instance,  # noqa: SLF001
    wire.PROTOBUF: ValueDecoder._message,  # noqa: SLF001
    wire.PICKLE: ValueDecoder._pickle,  # noqa: SLF001
    wire.JAVA_OBJECT: ValueDecoder._java_object,  # noqa: SLF001
}


class Decoder:
    """Decodes the batches of one edge."""

    def __init__(self, source: Language, types: TypeRegistry) -> None:
        """Makes a decoder.

        Args:
            source: Language of the producer.
            types: The types of the job.
        """
        self._python = source == LANGUAGE_PYTHON
        self._types = types

    def decode(self, payload: bytes | memoryview, n: int, schemas: Iterable[Schema]) -> list[Any]:
        """Returns exactly `n` values.

        Raises:
            RecordError: The bytes are not that; with the index of the value.
        """
        return ValueDecoder(bytes(payload), self._types, schemas, python=self._python).decode(n)


def decode_value(data: bytes) -> Any:
    """Returns one value of plain types.

    Raises:
        RecordError: The bytes are not that.
    """
    return Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(data, 1, ())[0]
