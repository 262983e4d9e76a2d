"""The values that fuzzing makes of bytes."""

from __future__ import annotations

import dataclasses
import enum
import struct
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import StringValue

from anabranch.records import Row, TypeRegistry
from anabranch.records.instances import make_schema
from anabranch.v1.record_pb2 import Schema


class Color(enum.Enum):
    RED = 1
    GREEN = 2


@dataclasses.dataclass
class Plain:
    b: Any
    a: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: Any


@dataclasses.dataclass(frozen=True)
class Empty:
    pass


class Pair(NamedTuple):
    second: Any
    first: Any


class Point(msgspec.Struct, frozen=True):
    y: Any
    x: Any


CLASSES = (Plain, Frozen, Empty, Pair, Point, Color)
ONE_OF_EACH = (Plain(b=1, a=2), Frozen(1), Empty(), Pair(1, 2), Point(y=1, x=2), Color.RED)
# What Java makes Rows of; the same in FuzzReplay.java.
SCHEMAS: list[Schema] = [
    make_schema("fuzz.Plain", ["a", "b"]),
    make_schema("fuzz.Frozen", ["x"]),
    make_schema("fuzz.Empty", []),
    make_schema("fuzz.Pair", ["first", "second"]),
    make_schema("fuzz.Point", ["x", "y"]),
    make_schema("fuzz.Unknown", ["k", "v"]),
]


def registry() -> TypeRegistry:
    """Returns the types that the schemas name, but for the one that nobody has."""
    types = TypeRegistry()
    for cls in CLASSES:
        types.register(cls, f"fuzz.{cls.__name__}")
    return types


TYPES = registry()
# How many elements the containers of an input get beyond those that its bytes spell out: each is encoded and decoded
# several times over in Python. Heads end at 16; where more matters (1,024), corpus.py has seeds for decoding.
MAX_REPEATED = 64
# How deep containers are nested, but for those of `_deep`.
_DEPTH = 8


class Chooser:
    """Makes choices of bytes; of the first possibility when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._repeated = 0
        self._may_be_huge = True

    @property
    def spent(self) -> bool:
        return self._at >= len(self._data)

    def below(self, n: int) -> int:
        if n > 0x100:
            return int.from_bytes(self.take(2), "big") % n
        at = self._at
        self._at += 1
        return self._data[at] % n if at < len(self._data) else 0

    def many(self) -> int:
        """Returns how often something is to be repeated, less the more there is of it already."""
        n = min(self.below(MAX_REPEATED), MAX_REPEATED - self._repeated)
        self._repeated += n
        return n

    def length(self, depth: int) -> int:
        """Returns a length about where one form of head ends: in a byte or, once and near the top, in two."""
        huge = self.below(8) == 7 and self._may_be_huge and depth > _DEPTH - 3
        self._may_be_huge = self._may_be_huge and not huge
        return (0x10000 if huge else 0x100) + self.below(32) - 24

    def take(self, n: int) -> bytes:
        taken = self._data[self._at : self._at + n]
        self._at += n
        return taken

    def signed(self, n: int) -> int:
        return int.from_bytes(self.take(n), "big", signed=True)

    def items(self, depth: int, limit: int = 6) -> list[Any]:
        items = []
        for _ in range(self.below(limit)):
            if self.spent:
                break
            items.append(self.value(depth - 1))
        return items

    def hashables(self, depth: int) -> list[Any]:
        return [item for item in self.items(depth) if is_hashable(item)]

    def value(self, depth: int = _DEPTH) -> Any:
        kind = self.below(len(_KINDS) if depth > 0 else _N_LEAVES)
        return _KINDS[kind](self, depth)


def is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except Exception:  # noqa: BLE001 - decimals, structs: each fails in its own way
        return False
    return True


def _float(c: Chooser, _depth: int) -> float:
    special = c.below(8)
    if special < 4:
        return (float("nan"), -0.0, 0.0, float("inf"))[special]
    return struct.unpack(">d", c.take(8).ljust(8, b"\0"))[0]


def _str(c: Chooser, _depth: int) -> str:
    return c.take(c.below(40)).decode("utf-8", "surrogatepass" if c.below(2) else "replace")


def _text(c: Chooser, depth: int) -> str:
    try:
        return _str(c, depth)
    except UnicodeDecodeError:
        return "\ud800" * c.below(3)


def _datetime(c: Chooser, _depth: int) -> datetime:
    moment = datetime(1, 1, 2) + timedelta(days=c.below(0x10000) * 55, microseconds=abs(c.signed(5)))
    match c.below(4):
        case 0:
            return moment
        case 1:
            return moment.replace(tzinfo=timezone.utc)
        case 2:
            return moment.replace(tzinfo=timezone(timedelta(seconds=c.signed(2))))
        case _:
            return moment.replace(fold=1, tzinfo=timezone(timedelta(microseconds=c.signed(4))))


def _deep(c: Chooser, depth: int) -> Any:
    value = c.value(0)
    wraps = [lambda v: [v], lambda v: (v,), lambda v: {1: v}, lambda v: Plain(v, 1), lambda v: Row("fuzz.R", {"x": v})]
    for _ in range(55 + c.below(12)):
        value = wraps[c.below(len(wraps))](value)
    return value


def _extended(c: Chooser, depth: int) -> Any:
    instance = Plain(c.value(depth - 1), 1)
    instance.more = c.value(depth - 1)  # type: ignore[attr-defined]
    return instance


_KINDS: list[Any] = [
    lambda _c, _depth: None,
    lambda c, _depth: bool(c.below(2)),
    lambda c, _depth: (1 - 2 * c.below(2)) * (1 << c.below(70)) + c.below(3) - 1,  # where one form ends
    lambda c, _depth: c.signed(1 + c.below(8)),
    lambda c, _depth: c.signed(c.below(40)) << c.below(0x200),
    lambda c, _depth: int.from_bytes(c.take(8), "big"),
    _float,
    _text,
    lambda c, _depth: c.take(c.below(40)),
    lambda c, depth: b"x" * c.length(depth),
    lambda c, depth: "y" * c.length(depth),
    lambda c, _depth: date.fromordinal(1 + abs(c.signed(3)) % 3652059),
    lambda c, _depth: time(c.below(24), c.below(60), c.below(60), c.below(0x10000), fold=c.below(9) // 8),
    _datetime,
    lambda c, _depth: timedelta(days=c.signed(3), microseconds=c.signed(6)),
    lambda c, _depth: Decimal((c.below(2), tuple(b % 10 for b in c.take(c.below(30))), c.signed(1 + c.below(5)))),
    lambda c, _depth: [Decimal("NaN"), Decimal("-0"), object, 1j, bytearray(b"b"), range(3)][c.below(6)],
    lambda c, _depth: UUID(bytes=c.take(16).ljust(16, b"\0")),
    lambda c, _depth: [Color.RED, Color.GREEN][c.below(2)],
    lambda c, _depth: Duration(seconds=c.signed(4)),
    lambda c, _depth: StringValue(value="v" * c.below(9)),
    lambda _c, _depth: Empty(),
    # Containers from here on.
    lambda c, depth: c.items(depth),
    lambda c, depth: tuple(c.items(depth, 12)),
    lambda c, depth: dict(zip(c.hashables(depth), c.items(depth) + [None] * 5, strict=False)),
    lambda c, depth: set(c.hashables(depth)),
    lambda c, depth: frozenset(c.hashables(depth)),
    lambda c, depth: Plain(c.value(depth - 1), c.value(depth - 1)),
    lambda c, depth: Frozen(c.value(depth - 1)),
    lambda c, depth: Pair(c.value(depth - 1), c.value(depth - 1)),
    lambda c, depth: Point(y=c.value(depth - 1), x=c.value(depth - 1)),
    lambda c, depth: Row("fuzz.Unknown", {"v": c.value(depth - 1), "k": c.value(depth - 1)}),
    lambda c, _depth: [c.signed(1)] * c.many(),
    lambda c, depth: set(range(c.many())),
    lambda c, depth: {f"{i}": i for i in range(c.many())},
    _extended,
    _deep,
]  # fmt: skip
_N_LEAVES = 22
