"""A second, independent reading of docs/design/002-records.md, for making and checking the vectors.

It encodes the *notation* of the vectors (`{"type": ..., "value": ...}`), not Python values, byte by byte from the
text of the specification. It is slow and plain on purpose, and shares no code with `anabranch.records`.
"""

from __future__ import annotations

import hashlib
from typing import Any


def big_endian(number: int, width: int) -> bytes:
    """Returns `number` modulo 2**(8 * width) as `width` bytes; negative numbers become two's complement."""
    number %= 1 << (8 * width)
    return bytes((number >> (8 * (width - 1 - i))) & 0xFF for i in range(width))


def twos_complement(number: int) -> bytes:
    """Returns the shortest two's complement form."""
    width = 1
    while not -(1 << (8 * width - 1)) <= number < 1 << (8 * width - 1):
        width += 1
    return big_endian(number, width)


def integer(number: int) -> bytes:
    """Returns the shortest MessagePack integer, unsigned forms for what is not negative, else extension 2."""
    if 0 <= number < 1 << 7:
        return bytes([number])
    if -(1 << 5) <= number < 0:
        return bytes([0x100 + number])
    if number >= 0:
        for tag, width in ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)):
            if number < 1 << (8 * width):
                return bytes([tag]) + big_endian(number, width)
    else:
        for tag, width in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
            if number >= -(1 << (8 * width - 1)):
                return bytes([tag]) + big_endian(number, width)
    return extension(2, twos_complement(number))


def text(string: str) -> bytes:
    """Returns a MessagePack str."""
    data = string.encode("utf-8")
    n = len(data)
    if n < 32:
        return bytes([0xA0 + n]) + data
    return sized(n, ((0xD9, 1), (0xDA, 2), (0xDB, 4))) + data


def binary(data: bytes) -> bytes:
    """Returns a MessagePack bin."""
    return sized(len(data), ((0xC4, 1), (0xC5, 2), (0xC6, 4))) + data


def array(items: list[bytes]) -> bytes:
    """Returns a MessagePack array of encoded items."""
    n = len(items)
    head = bytes([0x90 + n]) if n < 16 else sized(n, ((0xDC, 2), (0xDD, 4)))
    return head + b"".join(items)


def mapping(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Returns a MessagePack map of encoded entries."""
    n = len(entries)
    head = bytes([0x80 + n]) if n < 16 else sized(n, ((0xDE, 2), (0xDF, 4)))
    return head + b"".join(key + value for key, value in entries)


def sized(n: int, forms: tuple[tuple[int, int], ...]) -> bytes:
    """Returns the first header of `forms` (tag, width of the length) that can hold the length `n`."""
    for tag, width in forms:
        if n < 1 << (8 * width):
            return bytes([tag]) + big_endian(n, width)
    raise ValueError(f"length {n}")


def extension(code: int, data: bytes) -> bytes:
    """Returns a MessagePack extension."""
    fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}
    n = len(data)
    head = bytes([fixed[n]]) if n in fixed else sized(n, ((0xC7, 1), (0xC8, 2), (0xC9, 4)))
    return head + bytes([code]) + data


def days_from_civil(year: int, month: int, day: int) -> int:
    """Returns the days since 1970-01-01 in the proleptic Gregorian calendar."""
    month_lengths = [31, 29 if is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    before = year - 1
    days_before_year = before * 365 + before // 4 - before // 100 + before // 400
    return days_before_year + sum(month_lengths[: month - 1]) + (day - 1) - 719162


def is_leap(year: int) -> bool:
    """Says whether February has 29 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def moment(fields: list[int], offset: int = 0) -> bytes:
    """Returns seconds since the epoch and nanoseconds of a local time at an offset from UTC."""
    year, month, day, hour, minute, second, nanosecond = fields
    seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    return big_endian(seconds, 8) + big_endian(nanosecond, 4)


def decimal(string: str) -> bytes:
    """Returns scale and unscaled value of a decimal in scientific notation."""
    mantissa, _, exponent = string.upper().partition("E")
    whole, _, fraction = mantissa.partition(".")
    scale = len(fraction) - int(exponent or "0")
    return big_endian(scale, 4) + twos_complement(int(whole + fraction))


def schema(name: str, fields: list[str]) -> dict[str, Any]:
    """Returns the schema of a class, in the notation of the vectors."""
    ordered = sorted(fields, key=lambda field: field.encode("utf-8"))
    encoded = array([text(name), array([text(field) for field in ordered])])
    return {"id": hashlib.sha256(encoded).digest()[:8].hex(), "name": name, "fields": ordered}


class Reference:
    """Encodes values in the notation of the vectors and gathers the schemas that they refer to."""

    def __init__(self) -> None:
        self.schemas: list[dict[str, Any]] = []

    def encode(self, noted: dict[str, Any]) -> bytes:
        """Returns the bytes of one value."""
        kind, value = noted["type"], noted["value"]
        if "repeat" in noted:
            value = value * noted["repeat"]
        return getattr(self, f"_{kind}")(value)

    def _all(self, values: list[dict[str, Any]]) -> list[bytes]:
        return [self.encode(value) for value in values]

    def _null(self, _: None) -> bytes:
        return b"\xc0"

    def _bool(self, value: bool) -> bytes:
        return b"\xc3" if value else b"\xc2"

    def _int(self, value: str) -> bytes:
        return integer(int(value))

    def _float(self, value: str) -> bytes:
        return b"\xcb" + bytes.fromhex(value)

    def _str(self, value: str) -> bytes:
        return text(value)

    def _bytes(self, value: str) -> bytes:
        return binary(bytes.fromhex(value))

    def _list(self, value: list[dict[str, Any]]) -> bytes:
        return array(self._all(value))

    def _tuple(self, value: list[dict[str, Any]]) -> bytes:
        return extension(1, array(self._all(value)))

    def _set(self, value: list[dict[str, Any]]) -> bytes:
        return extension(3, array(sorted(self._all(value))))

    def _frozenset(self, value: list[dict[str, Any]]) -> bytes:
        return extension(4, array(sorted(self._all(value))))

    def _dict(self, value: list[list[dict[str, Any]]]) -> bytes:
        return mapping([(self.encode(key), self.encode(item)) for key, item in value])

    def _date(self, value: list[int]) -> bytes:
        return extension(5, big_endian(days_from_civil(*value), 4))

    def _time(self, value: list[int]) -> bytes:
        hour, minute, second, nanosecond = value
        return extension(6, big_endian(((hour * 60 + minute) * 60 + second) * 1_000_000_000 + nanosecond, 8))

    def _instant(self, value: list[int]) -> bytes:
        return extension(7, moment(value))

    def _offset_datetime(self, value: list[int]) -> bytes:
        *fields, offset = value
        return extension(8, moment(fields, offset) + big_endian(offset, 4))

    def _local_datetime(self, value: list[int]) -> bytes:
        return extension(9, moment(value))

    def _duration(self, value: list[int]) -> bytes:
        seconds, nanoseconds = value
        return extension(10, big_endian(seconds, 8) + big_endian(nanoseconds, 4))

    def _decimal(self, value: str) -> bytes:
        return extension(11, decimal(value))

    def _uuid(self, value: str) -> bytes:
        return extension(12, bytes.fromhex(value.replace("-", "")))

    def _enum(self, value: list[str]) -> bytes:
        return extension(13, array([text(part) for part in value]))

    def _instance(self, value: list[Any]) -> bytes:
        name, fields = value
        its = schema(name, list(fields))
        if its not in self.schemas:
            self.schemas.append(its)
        return extension(14, bytes.fromhex(its["id"]) + b"".join(self._all([fields[f] for f in its["fields"]])))

    def _protobuf(self, value: list[str]) -> bytes:
        name, message = value
        return extension(15, text(name) + bytes.fromhex(message))


def murmur3_x86_32(data: bytes) -> int:
    """Returns the hash with seed 0, unsigned."""
    mask = 0xFFFFFFFF

    def scramble(block: int) -> int:
        block = block * 0xCC9E2D51 & mask
        block = (block << 15 | block >> 17) & mask
        return block * 0x1B873593 & mask

    state = 0
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        state ^= scramble(int.from_bytes(data[i : i + 4], "little"))
        state = (state << 13 | state >> 19) & mask
        state = (state * 5 + 0xE6546B64) & mask
    state ^= scramble(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & mask
    state = (state ^ state >> 13) * 0xC2B2AE35 & mask
    return state ^ state >> 16
