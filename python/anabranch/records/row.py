"""Stand-in for an instance whose class is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Row:
    """Name and fields of an instance of a class that this side does not have; read by attribute or by `row["name"]`.

    Is emitted again as what it was. Immutable, compared by type name and fields; hashable if its fields are.
    """

    __slots__ = ("_fields", "_type_name")
    _fields: dict[str, Any]
    _type_name: str

    def __init__(self, type_name: str, fields: Mapping[str, Any]) -> None:
        """Creates a row.

        Args:
            type_name: Name of the class on the wire, e.g. of a Java class.
            fields: Its fields by name; their order does not matter.
        """
        object.__setattr__(self, "_type_name", type_name)
        object.__setattr__(self, "_fields", dict(sorted(fields.items(), key=lambda field: field[0].encode())))

    @property
    def type_name(self) -> str:
        """Name of the class."""
        return self._type_name

    def __getitem__(self, field: str) -> Any:
        return self._fields[field]

    def __getattr__(self, field: str) -> Any:
        if field.startswith("__") or field in Row.__slots__:  # a row that is being made has no fields yet
            raise AttributeError(field)
        try:
            return self._fields[field]
        except KeyError:
            known = ", ".join(self._fields)
            raise AttributeError(f"{self._type_name} has no field {field!r}; it has {known}") from None

    def __setattr__(self, field: str, value: Any) -> None:
        raise AttributeError(f"a Row cannot be changed: {field}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return self._type_name == other._type_name and self._fields == other._fields

    def __hash__(self) -> int:
        return hash((self._type_name, tuple(self._fields.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        return Row, (self._type_name, self._fields)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._fields.items())
        return f"Row<{self._type_name}>({fields})"
