"""The numbers of docs/design/002-records.md, and the bytes that hold of any value."""

from __future__ import annotations

import struct

from anabranch.errors import RecordError

TUPLE = 1
BIG_INT = 2
SET = 3
FROZEN_SET = 4
DATE = 5
TIME = 6
INSTANT = 7
OFFSET_DATE_TIME = 8
LOCAL_DATE_TIME = 9
DURATION = 10
DECIMAL = 11
UUID = 12
ENUM = 13
INSTANCE = 14
PROTOBUF = 15
PICKLE = 16
JAVA_OBJECT = 17

MAX_DEPTH = 64
# Of an int beyond 64 bits, and of the digits of a decimal: to make these of bytes takes quadratic time.
MAX_INTEGER_BYTES = 1 << 14
NANOS_PER_SECOND = 1_000_000_000

_pack_u16 = struct.Struct(">BH").pack
_pack_u32 = struct.Struct(">BI").pack
_FIXED_STR = [bytes([0xA0 + n]) for n in range(32)]
_FIXED_EXT = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}


class TooDeepError(RecordError):
    """A value is nested deeper than both languages allow, or deeper than pickle can follow."""

    def __init__(self, message: str = f"it is nested deeper than {MAX_DEPTH} levels") -> None:
        super().__init__(message)


def encode_str(value: str) -> bytes:
    """Returns a str.

    Raises:
        RecordError: It has a lone surrogate, which UTF-8 cannot say.
    """
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"a str has a lone surrogate at {error.start}") from None
    return encode_utf8(data)


def encode_utf8(data: bytes) -> bytes:
    """Returns a str of these bytes."""
    size = len(data)
    if size < 32:
        return _FIXED_STR[size] + data
    return sized(size, 0xD9, 0xDA, 0xDB) + data


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
    fixed = _FIXED_EXT.get(len(data))
    if fixed is not None:
        return bytes((fixed, code)) + data
    return sized(len(data), 0xC7, 0xC8, 0xC9) + bytes((code,)) + data


def sized(size: int, tag8: int, tag16: int, tag32: int) -> bytes:
    """Returns the shortest of three heads that can say a length.

    Raises:
        RecordError: None of them can.
    """
    if size < 0x100:
        return bytes((tag8, size))
    if size < 0x10000:
        return _pack_u16(tag16, size)
    if size < 0x100000000:
        return _pack_u32(tag32, size)
    raise RecordError(f"it is {size} bytes long, more than MessagePack can say")
