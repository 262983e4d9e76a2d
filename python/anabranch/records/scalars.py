"""Numbers, dates and times, UUIDs: each with its way out and its way back in.

What goes out raises `Unencodable` where the table of types has no row for a value; what comes in raises `RecordError`,
or a ValueError or OverflowError where the standard library refuses it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from uuid import UUID

from anabranch.errors import RecordError
from anabranch.records import wire
from anabranch.records.wire import NANOS_PER_SECOND, extension
from anabranch.text import LONGEST_MESSAGE, shown

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted from it too
_UTC_EPOCH = _EPOCH.replace(tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)
_DAY_NANOS = 86400 * NANOS_PER_SECOND
# Shifts the point of any decimal without rounding; `int(str(...))` would stop at 4300 digits.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

_pack_u16 = struct.Struct(">BH").pack
_pack_u32 = struct.Struct(">BI").pack
_pack_u64 = struct.Struct(">BQ").pack
_pack_i8 = struct.Struct(">Bb").pack
_pack_i16 = struct.Struct(">Bh").pack
_pack_i32 = struct.Struct(">Bi").pack
_pack_i64 = struct.Struct(">Bq").pack
_pack_f64 = struct.Struct(">Bd").pack
_SECONDS = struct.Struct(">qI")
_NAN = bytes.fromhex("cb7ff8000000000000")
# The most decimal digits that an integer of wire.MAX_INTEGER_BYTES can have.
_MAX_DIGITS = 39457
_SMALL_INTS = {n: bytes([n & 0xFF]) for n in range(-32, 128)}


class Unencodable(Exception):  # noqa: N818 - becomes a RecordError, or a pickle
    """The table of types has no row for a value; the message says why, without the value's place."""


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
    return extension(wire.BIG_INT, _twos_complement(value))


def encode_float(value: float) -> bytes:
    """Returns a float 64; every NaN alike."""
    return _pack_f64(0xCB, value) if value == value else _NAN  # noqa: PLR0124 - only NaN differs from itself


def encode_date(value: date) -> bytes:
    """Returns extension 5."""
    return extension(wire.DATE, (value.toordinal() - _EPOCH_DAY).to_bytes(4, "big", signed=True))


def encode_time(value: time) -> bytes:
    """Returns extension 6."""
    if value.tzinfo is not None:
        raise Unencodable("a time with a zone cannot cross")
    if value.fold:
        raise Unencodable("a time with fold=1 cannot cross; replace(fold=0) drops it")
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return extension(wire.TIME, (seconds * NANOS_PER_SECOND + value.microsecond * 1000).to_bytes(8, "big"))


def encode_datetime(value: datetime) -> bytes:
    """Returns extension 7, 8 or 9. Of a zone only the offset at that moment is kept, see `keeps_zone`."""
    if value.tzinfo is None:
        if value.fold:
            raise Unencodable("a datetime without zone and with fold=1 cannot cross; replace(fold=0) drops it")
        return extension(wire.LOCAL_DATE_TIME, _pack_since(value - _EPOCH))
    try:
        offset = value.utcoffset()
    except Exception as error:
        raise Unencodable(
            f"the zone {shown(value.tzinfo)} of a datetime does not tell its offset: {shown(error, LONGEST_MESSAGE)}"
        ) from error
    if offset is None:
        raise Unencodable(f"the zone {shown(value.tzinfo)} of a datetime has no offset")
    if offset % _SECOND:
        raise Unencodable(f"the offset {offset} of a datetime is not in whole seconds")
    since = _pack_since(value.replace(tzinfo=None) - _EPOCH - offset)
    if not offset:
        return extension(wire.INSTANT, since)
    return extension(wire.OFFSET_DATE_TIME, since + (offset // _SECOND).to_bytes(4, "big", signed=True))


def keeps_zone(value: datetime) -> bool:
    """Returns whether `encode_datetime` keeps all there is to the zone of a datetime."""
    zone = value.tzinfo
    if zone is None or zone is timezone.utc:
        return not value.fold
    # A timezone with a name of its own has it as second argument.
    return type(zone) is timezone and not value.fold and len(zone.__getinitargs__()) == 1  # type: ignore[attr-defined]


def encode_timedelta(value: timedelta) -> bytes:
    """Returns extension 10."""
    return extension(wire.DURATION, _pack_since(value))


def encode_decimal(value: Decimal) -> bytes:
    """Returns extension 11."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise Unencodable(f"Decimal {value} cannot cross: it is not finite")
    if sign and not value:
        raise Unencodable("Decimal -0 cannot cross: Java has no such number")
    scale = -exponent
    if not -(2**31) <= scale < 2**31:
        raise Unencodable(f"a Decimal with the exponent {exponent} cannot cross: Java has 32 bits for it")
    if len(digits) > _MAX_DIGITS:
        limit = wire.MAX_INTEGER_BYTES
        raise Unencodable(f"a Decimal of {len(digits)} digits cannot cross: their limit is {limit} bytes")
    unscaled = int(_EXACT.scaleb(value, scale))
    return extension(wire.DECIMAL, scale.to_bytes(4, "big", signed=True) + _twos_complement(unscaled))


def encode_uuid(value: UUID) -> bytes:
    """Returns extension 12."""
    return extension(wire.UUID, value.bytes)


def _pack_since(since: timedelta) -> bytes:
    return _SECONDS.pack(since.days * 86400 + since.seconds, since.microseconds * 1000)


def _twos_complement(value: int) -> bytes:
    size = (value + (value < 0)).bit_length() // 8 + 1
    if size > wire.MAX_INTEGER_BYTES:
        raise Unencodable(f"an integer of {size} bytes cannot cross: its limit is {wire.MAX_INTEGER_BYTES} bytes")
    return value.to_bytes(size, "big", signed=True)


def _integer(data: bytes) -> int:
    if not data:
        raise RecordError("an integer without data")
    if len(data) > wire.MAX_INTEGER_BYTES:
        raise RecordError(f"an integer of {len(data)} bytes, more than {wire.MAX_INTEGER_BYTES}")
    return int.from_bytes(data, "big", signed=True)


def _decode_date(data: bytes) -> date:
    _check_size(data, 4)
    return date.fromordinal(int.from_bytes(data, "big", signed=True) + _EPOCH_DAY)


def _decode_time(data: bytes) -> time:
    _check_size(data, 8)
    nanos = int.from_bytes(data, "big")
    if nanos >= _DAY_NANOS:
        raise RecordError("a time beyond the end of the day")
    seconds, nanos = divmod(nanos, NANOS_PER_SECOND)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, _micros(nanos))


def _decode_instant(data: bytes) -> datetime:
    _check_size(data, 12)
    return _UTC_EPOCH + _since_epoch(data)


def _decode_offset_datetime(data: bytes) -> datetime:
    _check_size(data, 16)
    offset = timedelta(seconds=int.from_bytes(data[12:], "big", signed=True))
    if not offset:
        raise RecordError("a date-time at offset 0 must be an instant")
    return (_EPOCH + (_since_epoch(data[:12]) + offset)).replace(tzinfo=timezone(offset))


def _decode_local_datetime(data: bytes) -> datetime:
    _check_size(data, 12)
    return _EPOCH + _since_epoch(data)


def _decode_timedelta(data: bytes) -> timedelta:
    _check_size(data, 12)
    return _since_epoch(data)


def _decode_decimal(data: bytes) -> Decimal:
    if len(data) < 5:
        raise RecordError("a decimal without its unscaled value")
    scale = int.from_bytes(data[:4], "big", signed=True)
    return _EXACT.scaleb(Decimal(_integer(data[4:])), -scale)


def _decode_uuid(data: bytes) -> UUID:
    _check_size(data, 16)
    return UUID(bytes=data)


def _since_epoch(data: bytes) -> timedelta:
    seconds, nanos = _SECONDS.unpack(data)
    return timedelta(seconds=seconds, microseconds=_micros(nanos))


def _micros(nanos: int) -> int:
    if nanos >= NANOS_PER_SECOND:
        raise RecordError("more nanoseconds than a second has")
    micros, rest = divmod(nanos, 1000)
    if rest:
        raise RecordError(
            "a fraction of a microsecond, which Python cannot hold; in Java, use truncatedTo(ChronoUnit.MICROS)"
        )
    return micros


def _check_size(data: bytes, size: int) -> None:
    if len(data) != size:
        raise RecordError(f"{len(data)} bytes instead of {size}")


# By the code of the extension: what it is called in errors, and what reads its data.
DECODERS: dict[int, tuple[str, Callable[[bytes], object]]] = {
    wire.BIG_INT: ("an int", _integer),
    wire.DATE: ("a date (Python has the years 1 to 9999)", _decode_date),
    wire.TIME: ("a time", _decode_time),
    wire.INSTANT: ("a datetime (Python has the years 1 to 9999)", _decode_instant),
    wire.OFFSET_DATE_TIME: ("a datetime (Python has the years 1 to 9999)", _decode_offset_datetime),
    wire.LOCAL_DATE_TIME: ("a datetime (Python has the years 1 to 9999)", _decode_local_datetime),
    wire.DURATION: ("a timedelta", _decode_timedelta),
    wire.DECIMAL: ("a Decimal", _decode_decimal),
    wire.UUID: ("a UUID", _decode_uuid),
}
