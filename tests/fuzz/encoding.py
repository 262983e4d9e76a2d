"""What has to hold for any values; an AssertionError is a finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anabranch.errors import RecordError
from anabranch.records import Decoder, codec
from anabranch.records.decoder import ValueDecoder
from anabranch.records.encoder import ValueEncoder
from anabranch.records.scalars import Unencodable, encode_float
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON
from anabranch.v1.record_pb2 import Schema
from tests.fuzz.compare import alike
from tests.fuzz.values import ONE_OF_EACH, TYPES, Chooser

# As a job has them: encoders that have met all classes. In one that has not, instances go round the C code.
NATIVES, TWINS = (
    {language: ValueEncoder(TYPES, python=language == LANGUAGE_PYTHON) for language in (LANGUAGE_JAVA, LANGUAGE_PYTHON)}
    for _ in range(2)
)
for encoder in NATIVES.values():
    encoder.encode(ONE_OF_EACH)
NAN = encode_float(float("nan"))


def check_encode(data: bytes) -> None:
    """Native and twin write the same bytes for any values, and these come back as what they were."""
    values = values_of(data)
    for_java = _written(LANGUAGE_JAVA, values)
    for_python = _written(LANGUAGE_PYTHON, values)
    if for_python is not None:
        slow, fast = _read(LANGUAGE_PYTHON, for_python, len(values))
        assert alike(slow, fast), f"twin: {slow!r}, native: {fast!r}, of {values!r}"
        assert alike(values, slow), f"{values!r} came back as {slow!r}"
    # Most values are the same bytes for both languages; then there is nothing new to be read.
    if for_java is not None and for_java != for_python:
        slow, fast = _read(LANGUAGE_JAVA, for_java, len(values))
        assert alike(slow, fast), f"twin: {slow!r}, native: {fast!r}, of {values!r}"


def values_of(data: bytes) -> list[Any]:
    """Returns the values that an input of `check_encode` stands for."""
    chooser = Chooser(data)
    return [chooser.value() for _ in range(1 + chooser.below(3))]


def _written(language: Any, values: list[Any]) -> tuple[bytes, list[Schema]] | None:
    """Encodes values with both, which must do the same; returns None if they refuse."""
    # Not with an Encoder: to find the words of a refusal takes long, and it is the twin that finds them, for both.
    native, twin = NATIVES[language], TWINS[language]
    native.schemas.clear()
    twin.schemas.clear()
    slow = _result(lambda: twin.encode(values))
    fast = _result(lambda: codec._encode(native, values))
    if isinstance(slow, Exception):
        assert isinstance(fast, Exception), f"twin: {slow!r}, native: {fast!r}, of {values!r}"
        return None
    assert slow == fast, f"twin: {slow!r}, native: {fast!r}, of {values!r}"
    assert twin.schemas == native.schemas, f"schemas: {native.schemas}, of {values!r}"
    return slow, list(native.schemas.values())


def _read(language: Any, written: tuple[bytes, list[Schema]], n: int) -> tuple[Any, Any]:
    """Decodes with twin and native what was written; returns None twice if they may refuse it, and do."""
    payload, schemas = written
    python = language == LANGUAGE_PYTHON
    makers = {schema.id: TYPES.maker(schema, python=python) for schema in schemas}
    slow = _result(lambda: ValueDecoder(payload, TYPES, makers, python=python).decode(n))
    fast = _result(lambda: Decoder(language, TYPES).decode(payload, n, schemas))
    if isinstance(slow, Exception):
        # For Java (0.0, NaN) and (False, NaN) are two keys, as they were in Python before all NaN became one.
        may_be = not python and payload.count(NAN) > 1 and "equal" in str(slow)
        assert may_be, f"what was written is refused: {slow!r}, of {payload!r}"
        assert isinstance(fast, Exception), f"twin: {slow!r}, native: {fast!r}"
        return None, None
    return slow, fast


def _result(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (RecordError, Unencodable, RuntimeError) as error:
        return error
