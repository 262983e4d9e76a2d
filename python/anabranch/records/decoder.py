"""The decoder in pure Python: the reference, and what is used where the native codec was not built."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from anabranch.errors import RecordError
from anabranch.records import wire
from anabranch.records.classes import default_name
from anabranch.records.explain import LONGEST_KEY, type_name
from anabranch.records.instances import InstanceMaker, Mismatch
from anabranch.records.scalars import DECODERS
from anabranch.records.types import TypeRegistry
from anabranch.records.wire import TooDeepError
from anabranch.text import LONGEST_MESSAGE, error_line, shown

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
# Every NaN becomes this one, so that two of them are one key.
_NAN = float("nan")
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}


class ValueDecoder:
    """Decodes some bytes, trusting nothing in them. Never allocates more than the bytes at hand can fill."""

    def __init__(self, data: bytes, types: TypeRegistry, makers: Mapping[int, InstanceMaker], *, python: bool) -> None:
        """Creates a decoder of some bytes.

        Args:
            data: The bytes.
            types: The types of the job.
            makers: What makes the instances of the schemas that the bytes may refer to, by their ids.
            python: Whether the producer is Python, so that pickles may be in it.
        """
        self._data = data
        self._size = len(data)
        self._position = 0
        self._types = types
        self._makers = makers
        self._python = python

    def decode(self, n: int) -> list[Any]:
        """Returns exactly `n` values, after which nothing may be left.

        Raises:
            RecordError: The bytes are not that; with the index of the value and the path inside it.
        """
        if not 0 <= n <= self._size:  # each value takes a byte at least
            raise RecordError(f"{self._size} bytes cannot be {n} values", index=0)
        values = [self._element(index) for index in range(n)]
        if self._position != self._size:
            raise RecordError(f"{self._size - self._position} bytes are left over", index=n)
        return values

    def extension(self, code: int, depth: int) -> Any:
        """Returns what an extension with all the bytes as its data stands for.

        Raises:
            RecordError: The bytes are not that.
        """
        try:
            return self._extension_value(code, self._size, depth)
        except IndexError:
            raise RecordError("the bytes end inside a value") from None

    def _element(self, index: int) -> Any:
        try:
            return self._value(0)
        except RecordError as error:
            reason = f"{error}, at {error.path}" if error.path else str(error)
            raise RecordError(reason, index=index, path=error.path) from error.__cause__
        except IndexError:
            raise RecordError("the bytes end inside a value", index=index) from None

    def _value(self, depth: int) -> Any:  # noqa: PLR0912 - one branch per kind of tag, common ones first
        tag = self._data[self._position]
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
            unpacked = number.unpack(self._take(number.size))[0]
            return unpacked if unpacked == unpacked else _NAN  # noqa: PLR0124 - only NaN differs from itself
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
        return self._data[start:end]

    def _length(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _str(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError as error:
            raise RecordError(f"a str is not UTF-8: {error.reason}") from None

    def _list(self, size: int, depth: int) -> list[Any]:
        if depth >= wire.MAX_DEPTH:
            raise TooDeepError
        if size > self._size - self._position:  # each element takes a byte at least
            raise RecordError("the bytes end inside a list")
        elements: list[Any] = []
        try:
            for _ in range(size):
                elements.append(self._value(depth + 1))  # noqa: PERF401 - an error must tell how many there were
        except RecordError as error:
            raise _within(f"[{len(elements)}]", error) from error.__cause__
        return elements

    def _dict(self, size: int, depth: int) -> dict[Any, Any]:
        if depth >= wire.MAX_DEPTH:
            raise TooDeepError
        if 2 * size > self._size - self._position:
            raise RecordError("the bytes end inside a dict")
        result: dict[Any, Any] = {}
        for number in range(size):
            try:
                key = self._value(depth + 1)
            except RecordError as error:
                raise _within(f".key({number})", error) from error.__cause__
            try:
                value = self._value(depth + 1)
            except RecordError as error:
                raise _within(f"[{shown(key, LONGEST_KEY)}]", error) from error.__cause__
            try:
                result[key] = value
            except Exception as error:  # a class of the user's may raise anything from its hash
                raise RecordError(f"a {type_name(key)} cannot be a key in Python: {error}") from error
            if len(result) <= number:
                raise RecordError(f"the key {shown(key, LONGEST_KEY)} equals another one in Python")
        return result

    def _extension(self, size: int, depth: int) -> Any:
        code = self._data[self._position]
        self._position += 1
        end = self._position + size
        if end > self._size:
            raise RecordError("the bytes end inside an extension")
        return self._extension_value(code, end, depth)

    def _extension_value(self, code: int, end: int, depth: int) -> Any:
        scalar = DECODERS.get(code)
        if scalar is not None:
            return _scalar(*scalar, self._take(end - self._position))
        nested = _NESTED.get(code)
        if nested is None:
            raise RecordError(f"there is no extension {code if code < 0x80 else code - 0x100}")
        value = nested(self, end, depth)
        if self._position != end:
            raise RecordError(f"extension {code} is not as long as it says")
        return value

    def _elements(self, end: int, depth: int) -> list[Any]:
        tag = self._data[self._position] if self._position < end else 0
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
        except Exception as error:  # a class of the user's may raise anything from its hash
            raise RecordError(f"what cannot be in a set in Python is in one: {error}") from error
        if len(result) != len(elements):
            raise RecordError("a set has elements that are equal in Python")
        return result

    def _frozenset(self, end: int, depth: int) -> frozenset[Any]:
        return frozenset(self._set(end, depth))

    def _enum(self, end: int, _depth: int) -> Any:
        return self._types.enum_constant(*self._enum_names(end))

    def _enum_names(self, end: int) -> list[str]:
        elements = self._elements(end, 0)  # two strings: no level of nesting
        if [type(element) for element in elements] != [str, str]:
            raise RecordError("an enum is not the names of its type and constant")
        return elements

    def _instance(self, end: int, depth: int) -> Any:
        _, maker = self._maker(end)
        values = self._list(maker.n_fields, depth)
        if isinstance(maker.make, Mismatch):
            raise RecordError(maker.make.reason)
        try:
            return maker.make(values)
        except Exception as error:
            name = "an instance" if maker.cls is None else f"an instance of {default_name(maker.cls)}"
            raise RecordError(f"{name} cannot be made of its fields: {error_line(error)}") from error

    def _maker(self, end: int) -> tuple[int, InstanceMaker]:
        if end - self._position < 8:
            raise RecordError("an instance is shorter than its schema id")
        number = self._length(8)
        maker = self._makers.get(number)
        if maker is None:
            raise RecordError(f"an instance has the schema {number:#018x}, which its frame does not list")
        return number, maker

    def _message(self, end: int, _depth: int) -> Any:
        # Its name is not a level of nesting; at the deepest level a container is refused, as it would be as a name.
        name = self._value(wire.MAX_DEPTH) if self._position < end else None
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
            raise RecordError(f"an object cannot be unpickled: {shown(error, LONGEST_MESSAGE)}") from error

    def _java_object(self, _end: int, _depth: int) -> Any:
        raise RecordError("a serialized Java object cannot cross to Python")


def _scalar(name: str, decode: Callable[[bytes], object], data: bytes) -> object:
    try:
        return decode(data)
    except RecordError as error:
        raise RecordError(f"{name} cannot be read: {error}") from None
    except (ValueError, OverflowError, ArithmeticError) as error:
        raise RecordError(f"{name} cannot be read: {error}") from error


def _within(step: str, error: RecordError) -> RecordError:
    return RecordError(str(error), path=step + error.path)


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
