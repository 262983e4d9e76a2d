"""Batches of records as bytes and back: what the engine uses. Native if that was built, else pure Python."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from anabranch.errors import RecordError
from anabranch.records.decoder import ValueDecoder
from anabranch.records.encoder import ValueEncoder
from anabranch.records.explain import why_not
from anabranch.records.groups import group_entries
from anabranch.records.instances import InstanceMaker
from anabranch.records.refused import RefusingDecoder
from anabranch.records.scalars import Unencodable
from anabranch.records.types import TypeRegistry
from anabranch.records.wire import TooDeepError
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON, Language
from anabranch.v1.record_pb2 import Schema

_native: Any = None
if os.environ.get("ANABRANCH_PURE_PYTHON") != "1":
    with contextlib.suppress(ImportError):  # there was no compiler when the package was installed
        _native = importlib.import_module("anabranch.records._native")


def codec_name() -> str:
    """Returns which implementation is in use."""
    return "pure Python" if _native is None else "native"


class EncodedGroup(NamedTuple):
    """The entries of one key group, encoded as one batch; with the schemas of all groups, or of this one."""

    key_group: int
    n: int
    payload: bytes
    schemas: list[Schema]


class Encoder:
    """Encodes batches for the consumers of one edge."""

    def __init__(self, target: Language, types: TypeRegistry) -> None:
        """Creates an encoder.

        Args:
            target: Language of the consumer.
            types: The types of the job.
        """
        python = target == LANGUAGE_PYTHON
        self._values = ValueEncoder(types, python=python)
        self._keys = ValueEncoder(types, key=True, with_classes=python)
        self._schemas = self._keys.schemas = self._values.schemas

    def encode(self, values: Sequence[Any], keys: Sequence[Any] | None = None) -> tuple[bytes, list[Schema]]:
        """Encodes a batch: the keys, if there are any, then the values.

        Args:
            values: The values; a list or a tuple is fastest.
            keys: As many keys, or None.

        Returns:
            The payload, and every schema that it refers to.

        Raises:
            RecordError: A record cannot be encoded; with its index in the batch and the path inside it.
        """
        payload = encode_batch(self._values, values)
        if keys is not None:
            payload = encode_batch(self._keys, keys) + payload
        schemas = list(self._schemas.values())
        self._schemas.clear()
        return payload, schemas

    def encode_groups(
        self, tables: tuple[dict[Any, Any], ...], n_groups: int, save: Callable[[Any], Any] | None = None
    ) -> list[EncodedGroup]:
        """Encodes the entries of a state: key, value, key, value and so on, of each key group that has any.

        Args:
            tables: Dicts whose keys are exactly str, int of 64 bits, or bytes that are the canonical form of a key.
            n_groups: Number of key groups.
            save: Returns what stands for a value; None: itself.

        Raises:
            RecordError: A value cannot be encoded.
        """
        if _native is not None:
            values, schemas = self._values, self._schemas
            with contextlib.suppress(Exception):  # what is rare, and what fails, is left to the twin
                groups: list[tuple[int, bytes] | None] = _native.encode_groups(
                    tables, n_groups, save, values, values.plans, schemas
                )
                of_all = list(schemas.values())
                schemas.clear()
                return [EncodedGroup(i, each[0], each[1], of_all) for i, each in enumerate(groups) if each is not None]
            schemas.clear()
        grouped = group_entries(tables, n_groups, save)
        return [EncodedGroup(i, len(each), *self.encode(each)) for i, each in enumerate(grouped) if each is not None]


class Decoder:
    """Decodes the batches of one edge."""

    def __init__(self, source: Language, types: TypeRegistry, *, refuses: bool = False) -> None:
        """Creates a decoder.

        Args:
            source: Language of the producer.
            types: The types of the job.
            refuses: Whether a `RefusedValue` stands for a value that cannot be made here; else that is an error.
        """
        self._python = source == LANGUAGE_PYTHON
        self._types = types
        self._refuses = refuses
        self._makers: dict[int, InstanceMaker] = {}

    def decode(self, payload: bytes | memoryview, n: int, schemas: Iterable[Schema]) -> list[Any]:
        """Returns exactly `n` values, with nothing left over.

        Args:
            payload: The bytes.
            n: How many values they hold, keys included.
            schemas: The schemas that came with them.

        Raises:
            RecordError: The bytes are not that; with the index of the value and the path inside it.
        """
        schemas = list(schemas)
        self._makers = {schema.id: self._types.maker(schema, python=self._python) for schema in schemas}
        if _native is None:
            return self._slowly(bytes(payload), n, schemas)
        try:
            values: list[Any] = _native.decode(payload, n, self._makers, self._extension)
        except Exception as error:
            values = self._slowly(bytes(payload), n, schemas)  # fails alike, and can tell where
            if not self._refuses:
                raise RecordError(f"the payload cannot be decoded: {error}") from error
        return values

    def _slowly(self, data: bytes, n: int, schemas: Iterable[Schema]) -> list[Any]:
        if not self._refuses:
            return self._pure(data).decode(n)
        fields = {schema.id: schema.fields for schema in schemas}
        return RefusingDecoder(data, self._types, self._makers, fields, python=self._python).decode(n)

    def _pure(self, data: bytes) -> ValueDecoder:
        return ValueDecoder(data, self._types, self._makers, python=self._python)

    def _extension(self, code: int, data: bytes, depth: int) -> Any:
        """Decodes for the native decoder what is rare."""
        return self._pure(data).extension(code, depth)


def encode_batch(encoder: ValueEncoder, values: Sequence[Any]) -> bytes:
    """Returns the bytes of all values, one after the other.

    Raises:
        RecordError: A value cannot be encoded; with its index and the path inside it.
    """
    try:
        return _encode(encoder, values)
    except (RecordError, Unencodable, RuntimeError) as error:
        explained = why_not(encoder, values)
        encoder.schemas.clear()
        raise explained from error.__cause__


def _encode(encoder: ValueEncoder, values: Sequence[Any]) -> bytes:
    if _native is None:
        return encoder.encode(values)
    # The latter is also what the native codec says of a value nested too deep.
    with contextlib.suppress(TooDeepError, RuntimeError):
        data: bytes = _native.encode(values, encoder, encoder.plans, encoder.schemas)
        return data
    # In pure Python such a value may become a pickle. The others of its batch stay with the native codec.
    return encoder.encode(values) if len(values) == 1 else b"".join([_encode(encoder, [each]) for each in values])


def encode_value(value: Any) -> bytes:
    """Returns the canonical bytes of one value, as if for the other language.

    Raises:
        RecordError: It cannot be encoded, or holds an instance of a class, whose schema would have to go with it.
    """
    encoder = ValueEncoder(TypeRegistry())
    data = encode_batch(encoder, [value])
    for schema in encoder.schemas.values():
        raise RecordError(f"an instance of {schema.name} cannot be part of a value that is sent alone", index=0)
    return data


def decode_value(data: bytes) -> Any:
    """Returns one value that `encode_value` has encoded.

    Raises:
        RecordError: The bytes are not that.
    """
    return Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(data, 1, ())[0]
