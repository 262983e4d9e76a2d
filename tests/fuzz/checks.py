"""What has to hold for any input; an AssertionError is a finding."""

from __future__ import annotations

import hashlib
from typing import Any

from anabranch.errors import RecordError
from anabranch.records import Decoder, Encoder, codec
from anabranch.records.decoder import ValueDecoder
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA
from tests.fuzz.compare import alike
from tests.fuzz.encoding import check_encode, values_of
from tests.fuzz.values import SCHEMAS, TYPES

MAKERS = {schema.id: TYPES.maker(schema, python=False) for schema in SCHEMAS}
REFUSED = "refused"

# What Python must refuse and Java need not, and the other way round; see docs/design/002-records.md.
PYTHON_ONLY = (
    "cannot be a key in Python",
    "equals another one in Python",
    "equal in Python",
    "cannot be in a set in Python",
    "a fraction of a microsecond",
    "a date (Python has",
    "a datetime (Python has",
    "a timedelta cannot be read",
)
JAVA_ONLY = ("beyond Java's limit of 18 hours",)


def parse(data: bytes) -> tuple[int, bytes]:
    """Returns the number of values and the payload that an input stands for."""
    return (data[0], data[1:]) if data else (0, b"")


def check_decode(data: bytes) -> None:
    """Native and twin make the same of any bytes."""
    n, payload = parse(data)
    native = codec._native
    twin: Any
    fast: Any
    try:
        twin = ValueDecoder(payload, TYPES, MAKERS, python=False).decode(n)
    except RecordError as error:
        twin = error
    try:
        fast = native.decode(payload, n, MAKERS, Decoder(LANGUAGE_JAVA, TYPES)._extension)
    except SystemError:  # the extension has broken a rule of the interpreter
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the twin must refuse too
        fast = error
    refused = isinstance(twin, Exception)
    assert refused is isinstance(fast, Exception), f"twin: {twin!r}, native: {fast!r}"
    if refused:
        return
    assert alike(twin, fast), f"twin: {twin!r}, native: {fast!r}"
    # What was read can be written, and reads as what it was.
    again, schemas = Encoder(LANGUAGE_JAVA, TYPES).encode(fast)
    back = Decoder(LANGUAGE_JAVA, TYPES).decode(again, n, schemas)
    assert alike(fast, back), f"{fast!r} came back as {back!r}"


def payload_of(data: bytes) -> bytes | None:
    """Returns the input of `check_decode` that the values of an input of `check_encode` make, if they can cross."""
    values = values_of(data)
    try:
        payload, _schemas = Encoder(LANGUAGE_JAVA, TYPES).encode(values)
    except RecordError:
        return None
    return bytes([len(values)]) + payload


def python_outcome(data: bytes) -> str:
    """Returns the canonical bytes of what an input decodes to, as hex, or `refused: ` and why."""
    n, payload = parse(data)
    try:
        values = Decoder(LANGUAGE_JAVA, TYPES).decode(payload, n, SCHEMAS)
    except RecordError as error:
        return f"{REFUSED}: {error}"
    return Encoder(LANGUAGE_JAVA, TYPES).encode(values)[0].hex()


def may_differ(data: bytes, python: str, java: str) -> bool:
    """Returns whether two outcomes differ as the languages do."""
    if java.startswith("broken"):
        return False
    if python.startswith(REFUSED) and not java.startswith(REFUSED):
        return any(reason in python for reason in PYTHON_ONLY)
    if java.startswith(REFUSED) and not python.startswith(REFUSED):
        return any(reason in java for reason in JAVA_ONLY)
    # The libraries write fields that a message's type does not have in orders of their own.
    return b"google.protobuf." in data and not python.startswith(REFUSED) and len(python) == len(java)


def digest(outcome: str) -> str:
    """Returns what is kept of an outcome in the corpus."""
    if outcome.startswith((REFUSED, "broken")):
        return outcome.partition(":")[0]
    return hashlib.sha256(bytes.fromhex(outcome)).hexdigest()[:16]


def without_native(function: Any) -> Any:
    """Calls a function that uses the twin in pure Python."""
    native, codec._native = codec._native, None
    try:
        return function()
    finally:
        codec._native = native


CHECKS = {"decode": check_decode, "encode": check_encode}
