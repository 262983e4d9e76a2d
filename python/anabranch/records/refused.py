"""Reads on after a value that has arrived whole, but that a class or a type of this side refuses to become."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anabranch.errors import RecordError
from anabranch.records import wire
from anabranch.records.decoder import ValueDecoder
from anabranch.records.instances import InstanceMaker, Mismatch
from anabranch.records.scalars import DECODERS
from anabranch.records.types import TypeRegistry


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """Stands in a batch for a record, or for a key, that could not be made.

    Attributes:
        plain: What it holds, see `PlainDecoder`.
        error: Why it could not be made.
    """

    plain: Any
    error: RecordError


class RefusingDecoder(ValueDecoder):
    """Puts a `RefusedValue` in the place of each value that cannot be made, however deep inside the reason is.

    Bytes that are wrong, and types that the job does not have here, are errors still.
    """

    def __init__(
        self,
        data: bytes,
        types: TypeRegistry,
        makers: Mapping[int, InstanceMaker],
        fields: Mapping[int, Sequence[str]],
        *,
        python: bool,
    ) -> None:
        """Creates a decoder of some bytes; `fields` has the names of the fields by schema id."""
        super().__init__(data, types, makers, python=python)
        self._plain = PlainDecoder(data, types, makers, fields, python=python)

    def _element(self, index: int) -> Any:
        start = self._position
        try:
            return super()._element(index)
        except RecordError as error:
            plain = self._plain.read(start)
            if plain is None:
                raise
            self._position = plain[1]
            return RefusedValue(plain[0], error)


class PlainDecoder(ValueDecoder):
    """Reads what a value holds, running no code of the user's.

    An instance becomes a dict of its fields, a member of an enum its name, and a pickle its bytes, as does a scalar
    that is out of range here. A set becomes a list, and so does a dict, of pairs, if a dict or list is among the keys.
    """

    def __init__(
        self,
        data: bytes,
        types: TypeRegistry,
        makers: Mapping[int, InstanceMaker],
        fields: Mapping[int, Sequence[str]],
        *,
        python: bool,
    ) -> None:
        super().__init__(data, types, makers, python=python)
        self._fields = fields

    def read(self, start: int) -> tuple[Any, int] | None:
        """Returns the value that begins at a position, and where it ends; None if it cannot be read like this."""
        self._position = start
        try:
            return self._value(0), self._position
        except (RecordError, IndexError):
            return None

    def _dict(self, size: int, depth: int) -> Any:
        flat = self._list(2 * size, depth)
        keys, values = flat[::2], flat[1::2]
        with contextlib.suppress(TypeError):  # a dict or a list among the keys
            result = dict(zip(keys, values, strict=True))
            if len(result) == size:  # else keys that differ in the other language are equal here
                return result
        return list(zip(keys, values, strict=True))

    def _extension_value(self, code: int, end: int, depth: int) -> Any:
        if code in (wire.SET, wire.FROZEN_SET):
            return self._elements(end, depth)
        if code == wire.ENUM:
            return self._enum_name(end)
        if code == wire.INSTANCE:
            return self._field_values(end, depth)
        if code == wire.PICKLE and self._python:
            return self._take(end - self._position)
        start = self._position
        try:
            return super()._extension_value(code, end, depth)
        except RecordError:
            if code not in DECODERS:
                raise
            self._position = start
            return self._take(end - start)

    def _enum_name(self, end: int) -> str:
        type_name, constant = self._enum_names(end)
        self._types.enum_class(type_name)
        return constant

    def _field_values(self, end: int, depth: int) -> dict[str, Any]:
        number, maker = self._maker(end)
        if isinstance(maker.make, Mismatch):
            maker.make(())
        return dict(zip(self._fields[number], self._list(maker.n_fields, depth), strict=True))
