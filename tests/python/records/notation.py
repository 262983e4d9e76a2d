"""The notation of the shared vectors (docs/design/002-records.md) as Python values."""

import enum
import json
import struct
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2  # noqa: F401 - known by name

from anabranch.records import Row, TypeRegistry
from anabranch.v1.record_pb2 import Schema

VECTORS = Path(__file__).parents[2] / "vectors"


class Color(enum.Enum):
    RED = 1
    GREEN = 2
    BLUE = 3


def registry() -> TypeRegistry:
    types = TypeRegistry()
    types.register(Color, "org.anabranch.vectors.Color")
    return types


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / name).read_text())


def as_bytes(notation: Any) -> bytes:
    """Hex, or a list of (hex, how often)."""
    if isinstance(notation, str):
        return bytes.fromhex(notation)
    return b"".join(bytes.fromhex(piece) * times for piece, times in notation)


def as_schemas(vector: dict[str, Any]) -> list[Schema]:
    return [
        Schema(id=int(schema["id"], 16), name=schema["name"], fields=schema["fields"])
        for schema in vector.get("schemas", [])
    ]


def as_value(notation: dict[str, Any]) -> Any:  # noqa: C901, PLR0911, PLR0912
    kind, x, times = notation["type"], notation["value"], notation.get("repeat", 1)
    match kind:
        case "null" | "bool":
            return x
        case "str":
            return x * times
        case "int":
            return int(x)
        case "float":
            return struct.unpack(">d", bytes.fromhex(x))[0]
        case "bytes":
            return bytes.fromhex(x) * times
        case "list":
            return [as_value(each) for each in x] * times
        case "tuple":
            return tuple(as_value(each) for each in x) * times
        case "set":
            return {as_value(each) for each in x}
        case "frozenset":
            return frozenset(as_value(each) for each in x)
        case "dict":
            return {as_value(key): as_value(value) for key, value in x}
        case "date":
            return date(*x)
        case "time":
            return time(*x[:3], x[3] // 1000)
        case "instant":
            return datetime(*x[:6], x[6] // 1000, tzinfo=timezone.utc)
        case "local_datetime":
            return datetime(*x[:6], x[6] // 1000)
        case "offset_datetime":
            return datetime(*x[:6], x[6] // 1000, tzinfo=timezone(timedelta(seconds=x[7])))
        case "duration":
            return timedelta(seconds=x[0], microseconds=x[1] // 1000)
        case "decimal":
            return Decimal(x)
        case "uuid":
            return UUID(x)
        case "enum":
            return Color[x[1]]
        case "instance":
            return Row(x[0], {name: as_value(value) for name, value in x[1].items()})
        case "protobuf":
            return registry().message_class(x[0]).FromString(bytes.fromhex(x[1]))
    raise AssertionError(kind)
