"""Writes the vectors that both languages are tested against; `python -m tests.vectors.generate` after a change.

The cases stand here, in the notation of docs/design/002-records.md. Their bytes come from `reference.py`, which
shares no code with the package; byte strings in `HAND_MADE` were written by hand and check the reference.
"""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path
from typing import Any

from tests.vectors import frames, reference, state_files

HERE = Path(__file__).parent

MAX_PARALLELISM = 128
PARALLELISMS = (1, 2, 3, 7)
TYPE = "org.anabranch.vectors."

Noted = dict[str, Any]


def note(kind: str, value: Any) -> Noted:
    """Returns a value in the notation of the vectors."""
    return {"type": kind, "value": value}


def repeated(kind: str, value: Any, times: int) -> Noted:
    """Returns a long string or list in short notation."""
    return {"type": kind, "value": value, "repeat": times}


def num(value: int) -> Noted:
    return note("int", str(value))


def real(value: float) -> Noted:
    return note("float", struct.pack(">d", value).hex())


def txt(value: str) -> Noted:
    return note("str", value)


def blob(value: bytes) -> Noted:
    return note("bytes", value.hex())


def lst(*values: Noted) -> Noted:
    return note("list", list(values))


def tup(*values: Noted) -> Noted:
    return note("tuple", list(values))


def dct(*entries: tuple[Noted, Noted]) -> Noted:
    return note("dict", [list(entry) for entry in entries])


def obj(name: str, **fields: Noted) -> Noted:
    return note("instance", [TYPE + name, fields])


def enum(name: str, constant: str) -> Noted:
    return note("enum", [TYPE + name, constant])


NIL = note("null", None)
TRUE = note("bool", True)
FALSE = note("bool", False)


def nested(kind: str, levels: int, value: Noted = NIL) -> Noted:
    for _ in range(levels):
        value = note(kind, [value])
    return value


def integer_cases() -> dict[str, Noted]:
    edges: set[int] = {0, 1, -1}
    for bits in (5, 7, 8, 15, 16, 31, 32, 63, 64, 65, 71, 72, 127, 128, 200):
        for sign in (1, -1):
            edges.update(sign * (1 << bits) + step for step in (-1, 0, 1))
    edges.update((10**30, -(10**30), 1_700_000_000_000))
    return {f"int {value}": num(value) for value in sorted(edges)}


def float_cases() -> dict[str, Noted]:
    values = (0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308)
    cases = {f"float {value!r}": real(value) for value in values}
    cases |= {"float inf": real(float("inf")), "float -inf": real(float("-inf"))}
    cases |= {"float nan": note("float", "7ff8000000000000")}
    return cases


def text_cases() -> dict[str, Noted]:
    samples = {
        "empty": "", "one": "a", "nul": "\0", "latin": "é", "bmp": "\u20ac", "last before surrogates": "\ud7ff",
        "first after surrogates": "\ue000", "noncharacter": "\uffff", "astral": "\U0001f600",
        "last": "\U0010ffff", "combining is not composed": "e\u0301", "mixed": "aé€😀z",
        "31 bytes of 2-byte characters and one": "é" * 15 + "a", "32 bytes of 2-byte characters": "é" * 16,
    }  # fmt: skip
    cases = {f"str {name}": txt(value) for name, value in samples.items()}
    for length in (15, 16, 31, 32, 33, 255, 256, 65535, 65536):
        cases[f"str of {length}"] = repeated("str", "a", length)
    return cases


def sized_cases() -> dict[str, Noted]:
    """Containers and byte strings around every change of their header."""
    cases: dict[str, Noted] = {}
    for length in (0, 1, 31, 32, 255, 256, 65535, 65536):
        cases[f"bytes of {length}"] = repeated("bytes", "7f", length)
    cases["bytes all"] = blob(bytes(range(256)))
    for length in (0, 1, 15, 16, 17, 65535, 65536):
        cases[f"list of {length}"] = repeated("list", [NIL], length)
    # Lengths of the extension data: 1, 2, 4, 8 and 16 bytes have a header of their own.
    for length in (0, 1, 2, 3, 4, 6, 7, 8, 9, 14, 15, 16, 17, 252, 253, 254, 65532, 65533, 65535, 65536):
        cases[f"tuple of {length}"] = repeated("tuple", [num(1)], length)
    for length in (0, 1, 15, 16, 17, 300):
        entries = [(num(i), NIL) for i in range(length)]
        cases[f"dict of {length}"] = dct(*entries)
        cases[f"set of {length}"] = note("set", [num(i) for i in range(length)])
        cases[f"frozenset of {length}"] = note("frozenset", [num(i) for i in range(length)])
    return cases


def container_cases() -> dict[str, Noted]:
    return {
        "dict keeps its order": dct((txt("b"), num(1)), (txt("a"), num(2))),
        "dict with keys of many types": dct(
            (NIL, num(0)), (num(2), num(1)), (real(2.5), num(2)), (txt("x"), num(3)), (blob(b"x"), num(4)),
            (tup(num(1), txt("y")), num(5)), (note("frozenset", [num(1)]), num(6)), (FALSE, num(7)),
        ),
        "set is sorted by bytes": note("set", [num(i) for i in (300, -1, 5, 200, 0, -33, 127, 128)]),
        "set of mixed types": note("set", [txt("b"), num(3), txt("a"), NIL, TRUE, real(0.5), tup(num(1)), txt("aa")]),
        "frozenset of strings": note("frozenset", [txt("zz"), txt("é"), txt("a"), txt("")]),
        "set of frozensets": note("set", [note("frozenset", [num(2)]), note("frozenset", [num(1), num(3)])]),
        "list of everything small": lst(NIL, TRUE, FALSE, num(7), real(1.0), txt("s"), blob(b"b"), lst(), dct(), tup()),
        "tuple (str, int)": tup(txt("word"), num(1)),
        "tuple with a dict inside": tup(num(1), dct((txt("k"), lst(num(1), tup(real(2.0), NIL))))),
        "tuple of 8": tup(*[num(i) for i in range(8)]),
        "tuple of 9": tup(*[num(i) for i in range(9)]),
        "list in a list in a dict": dct((txt("a"), lst(lst(num(1)), lst(num(2), lst())))),
        "lists to the limit of nesting": nested("list", 64),
        "tuples to the limit of nesting": nested("tuple", 64),
    }  # fmt: skip


def calendar_cases() -> dict[str, Noted]:
    moments = {
        "first": [1, 1, 1, 0, 0, 0, 0],
        "last": [9999, 12, 31, 23, 59, 59, 999_999_000],
        "epoch": [1970, 1, 1, 0, 0, 0, 0],
        "a microsecond before the epoch": [1969, 12, 31, 23, 59, 59, 999_999_000],
        "half a second before the epoch": [1969, 12, 31, 23, 59, 59, 500_000_000],
        "leap day": [2024, 2, 29, 12, 30, 45, 123_456_000],
        "after 2038": [2038, 1, 19, 3, 14, 8, 0],
        "before 1901": [1900, 2, 28, 23, 59, 59, 1000],
    }
    cases: dict[str, Noted] = {}
    for name, fields in moments.items():
        cases[f"date {name}"] = note("date", fields[:3])
        cases[f"instant {name}"] = note("instant", fields)
        cases[f"local datetime {name}"] = note("local_datetime", fields)
        for offset in (1, -1, 3600, -3600, 20700, 64800, -64800):
            cases[f"offset datetime {name} {offset:+}"] = note("offset_datetime", [*fields, offset])
    for fields in ([0, 0, 0, 0], [0, 0, 0, 1000], [12, 34, 56, 789_000_000], [23, 59, 59, 999_999_000]):
        cases[f"time {fields}"] = note("time", fields)
    day = 86400
    for seconds, nanoseconds in (
        (0, 0), (0, 1000), (-1, 999_999_000), (-1, 0), (1, 500_000_000), (day, 0), (-day, 1000),
        (999_999_999 * day + day - 1, 999_999_000), (-999_999_999 * day, 0),
    ):  # fmt: skip
        cases[f"duration {seconds} s {nanoseconds} ns"] = note("duration", [seconds, nanoseconds])
    return cases


def named_cases() -> dict[str, Noted]:
    decimals = (
        "0", "0.0", "0E+3", "0E-7", "1", "-1", "1.0", "1.00", "12.50", "-12.50", "1E+3", "1E-10", "127", "128", "-128",
        "-129", "99999999999999999999.99", "-1E+2147483648", "1E-2147483647", "123456789012345678901234567890E-5",
    )  # fmt: skip
    uuids = (
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "123e4567-e89b-12d3-a456-426614174000", "80000000-0000-0000-8000-000000000001",
    )  # fmt: skip
    point = obj("Point", y=num(2), x=num(1))
    cases = {f"decimal {value}": note("decimal", value) for value in decimals}
    cases |= {f"uuid {value}": note("uuid", value) for value in uuids}
    cases |= {
        "enum": enum("Color", "RED"),
        "enum other constant": enum("Color", "GREEN"),
        "instance": point,
        "instance without fields": obj("Empty"),
        "instance with one field": obj("Box", content=txt("c")),
        "instance inside an instance": obj("Box", content=point),
        "instances of two types in a list": lst(point, obj("Box", content=NIL), obj("Point", x=real(0.5), y=NIL)),
        "instance with enum, tuple and decimal": obj(
            "Order",
            total=note("decimal", "9.90"),
            state=enum("Color", "GREEN"),
            lines=lst(tup(txt("a"), num(2))),
        ),
        # UTF-16 would put the last two the other way round.
        "fields sort by their UTF-8 bytes": note(
            "instance",
            [
                TYPE + "Letters",
                {
                    "b": num(1),
                    "B": num(2),
                    "é": num(3),
                    "a_b": num(4),
                    "ab": num(5),
                    "\U0001d4b3": num(6),
                    "\ufb00": num(7),
                },
            ],
        ),
        "instances to the limit of nesting": _boxes(64),
        "enum in lists to the limit of nesting": nested("list", 64, enum("Color", "RED")),
        "protobuf in lists to the limit of nesting": nested(
            "list", 64, note("protobuf", ["google.protobuf.Duration", "0801"])
        ),
        "protobuf": note("protobuf", ["google.protobuf.Duration", "080110e807"]),
        "protobuf empty": note("protobuf", ["google.protobuf.Duration", ""]),
        "protobuf in a tuple": tup(note("protobuf", ["google.protobuf.StringValue", "0a0161"]), num(1)),
    }
    return cases


def _boxes(levels: int) -> Noted:
    value = NIL
    for _ in range(levels):
        value = obj("Box", content=value)
    return value


def record_cases() -> dict[str, Noted]:
    """Returns every case of records.json by its name."""
    cases = {"null": NIL, "true": TRUE, "false": FALSE}
    for more in (
        integer_cases(), float_cases(), text_cases(), sized_cases(), container_cases(), calendar_cases(), named_cases(),
    ):  # fmt: skip
        cases |= more
    return cases


def abbreviated(data: bytes) -> str | list[list[Any]]:
    """Returns hex, or where one byte string repeats for long, a list of `[hex, times]`."""
    if len(data) <= 2048:
        return data.hex()
    parts: list[list[Any]] = []
    for byte, group in itertools.groupby(data):
        times = len(list(group))
        if times > 8:
            parts.append([f"{byte:02x}", times])
        elif parts and parts[-1][1] == 1:
            parts[-1][0] += f"{byte:02x}" * times
        else:
            parts.append([f"{byte:02x}" * times, 1])
    return parts


def records() -> list[dict[str, Any]]:
    vectors = []
    for name, value in record_cases().items():
        encoder = reference.Reference()
        vector = {"name": name, "value": value, "bytes": abbreviated(encoder.encode(value))}
        if encoder.schemas:
            vector["schemas"] = encoder.schemas
        vectors.append(vector)
    return vectors


# Name, bytes, why; where only one language refuses, which.
REFUSED: list[tuple[Any, ...]] = [
    ("nothing", "", "no value"),
    ("the unused tag", "c1", "C1 is not used in MessagePack"),
    ("more than one value", "c0c0", "bytes left over"),
    ("uint 8 without its byte", "cc", "truncated"),
    ("uint 64 cut", "cf00000000000000", "truncated"),
    ("int 16 cut", "d1ff", "truncated"),
    ("float 64 cut", "cb3ff00000000000", "truncated"),
    ("str cut", "a361c3", "truncated"),
    ("str 8 without its length", "d9", "truncated"),
    ("str 32 longer than all there is", "dbffffffff61", "truncated; nothing of that size may be allocated"),
    ("bin 32 longer than all there is", "c6ffffffff00", "truncated; nothing of that size may be allocated"),
    ("list longer than all there is", "ddffffffffc0", "truncated; nothing of that size may be allocated"),
    ("dict longer than all there is", "dfffffffffc0c0", "truncated; nothing of that size may be allocated"),
    ("list of 2 with 1", "92c0", "truncated"),
    ("dict with a key and no value", "81c0", "truncated"),
    ("str that is not UTF-8", "a1ff", "bad UTF-8"),
    ("str with an overlong form", "a2c080", "bad UTF-8"),
    ("str with a surrogate", "a3eda080", "bad UTF-8"),
    ("str beyond the last character", "a4f4908080", "bad UTF-8"),
    ("str that ends inside a character", "a2e282", "bad UTF-8"),
    ("lists nested too deep", "91" * 64 + "90", "65 levels"),
    ("lists nested far too deep", "91" * 5000 + "c0", "5000 levels"),
    ("tuple inside too many lists", "91" * 64 + "d40190", "65 levels"),
    ("ext 32 longer than all there is", "c9ffffffff0190", "truncated; nothing of that size may be allocated"),
    ("ext without its code", "c700", "truncated"),
    ("fixext cut", "d60500", "truncated"),
    ("ext 0", "d40000", "unknown extension"),
    ("ext 18", "d41200", "unknown extension"),
    ("ext 127", "d47f00", "unknown extension"),
    ("ext -1, MessagePack's own timestamp", "d6ff00000000", "unknown extension"),
    ("tuple that is no array", "d401c0", "extension 1 is not an array"),
    ("tuple shorter than its extension", "d50190c0", "bytes left over in the extension"),
    ("tuple longer than its extension", "d40192c0c0", "the array goes beyond the extension"),
    ("tuple without data", "c70001", "extension 1 without data"),
    ("big int without data", "c70002", "extension 2 without data"),
    ("set that is no array", "d403c0", "extension 3 is not an array"),
    ("frozen set that is no array", "d404c0", "extension 4 is not an array"),
    ("set with an element twice", "c70303920101", "a set has each element once"),
    ("dict with a key twice", "8201020103", "a dict has each key once"),
    ("two NaN in a set", "c71303" + "92" + "cb7ff8000000000000" * 2, "all NaN are one key"),
    ("two NaN as keys", "82" + "cb7ff8000000000000c0" * 2, "all NaN are one key"),
    ("NaN of two forms as keys", "82cb7ff8000000000000c0cb7ff8000000000001c0", "all NaN are one key"),
    ("tuples of NaN as keys", "82" + "c70a0191cb7ff8000000000000c0" * 2, "all NaN are one key"),
    ("bytes twice as keys", "82c40161c0c40161c0", "a dict has each key once"),
    ("bytes twice in a set, apart", "c70a0393c40161c40162c40161", "a set has each element once"),
    ("bytes twice as keys, with another header", "82c40161c0c5000161c0", "a dict has each key once"),
    ("tuples of bytes twice as keys", "82" + "d60191c40161c0" * 2, "a dict has each key once"),
    ("offset datetime at offset 0", "d808" + "00" * 16, "it must be an instant"),
    ("big int of 16,385 bytes", [["c8400102", 1], ["01", 0x4001]], "more than 16,384"),
    ("decimal of 16,385 bytes", [["c840050b00000000", 1], ["01", 0x4001]], "more than 16,384"),
    ("date of 3 bytes", "c70305000000", "wrong length"),
    ("time of 4 bytes", "d60600000000", "wrong length"),
    ("time of a day", "d70600004e94914f0000", "24:00 or later"),
    ("time before midnight", "d706ffffffffffffffff", "negative"),
    ("instant of 8 bytes", "d7070000000000000000", "wrong length"),
    ("instant with 10**9 nanoseconds", "c70c0700000000000000003b9aca00", "nanoseconds must be below 10**9"),
    (
        "local datetime with 10**9 nanoseconds",
        "c70c0900000000000000003b9aca00",
        "nanoseconds must be below 10**9",
    ),
    ("duration with 10**9 nanoseconds", "c70c0a00000000000000003b9aca00", "nanoseconds must be below 10**9"),
    ("offset datetime of 12 bytes", "c70c08000000000000000000000000", "wrong length"),
    ("decimal without unscaled value", "d60b00000000", "wrong length"),
    ("uuid of 15 bytes", "c70f0c" + "00" * 15, "wrong length"),
    ("enum that is no array", "d40dc0", "extension 13 is not an array of two strings"),
    ("enum of one string", "d50d91a0", "extension 13 is not an array of two strings"),
    ("enum of two ints", "c7030d920102", "extension 13 is not an array of two strings"),
    ("enum of an unknown type", "c70c0d92a8" + b"no.Thing".hex() + "a141", "no such enum"),
    ("enum of a type without a name", "c7030d92a0a0", "no such enum"),
    ("enum of a type whose name is no name", "c7070d92a32e2e61a141", "no such enum"),
    ("instance of a schema that is not listed", "d70e0123456789abcdef", "unknown schema"),
    ("instance of 7 bytes", "c7070e0123456789abcd", "wrong length"),
    ("protobuf without a name", "d40fc0", "extension 15 does not begin with a string"),
    ("protobuf of an unknown type", "c7090fa8" + b"no.Thing".hex(), "no such message"),
    ("protobuf with bad bytes", "c71a0fb8" + b"google.protobuf.Duration".hex() + "ff", "cannot be parsed"),
    ("pickle from Java, Java object from Python", "d41000", "pickle is from Python to Python only"),
    ("Java object from Python", "d41100", "Java serialization is from Java to Java only"),
    ("list as key of a dict", "8190c0", "a list cannot be a key in Python", "python"),
    ("list in a set", "d5039190", "a list cannot be in a set in Python", "python"),
    ("1 and 1.0 in a set", "c70b039201cb3ff0000000000000", "equal in Python", "python"),
    ("0.0 and -0.0 as keys", "82cb0000000000000000c0cb8000000000000000c0", "equal in Python", "python"),
    ("time with nanoseconds", "d7060000000000000001", "a fraction of a microsecond", "python"),
    ("instant with nanoseconds", "c70c07000000000000000000000001", "a fraction of a microsecond", "python"),
    ("duration with nanoseconds", "c70c0a000000000000000000000001", "a fraction of a microsecond", "python"),
    ("date in year 0", "d605fff506c5", "year 0", "python"),
    ("date in year 10000", "d605002cc0a1", "year 10000", "python"),
    ("duration beyond timedelta", "c70c0a7fffffffffffffff00000000", "out of range", "python"),
    (
        "offset beyond 18 hours",
        "d808000000000000000000000000" + "0000fd21",
        "java.time goes to 18:00",
        "java",
    ),
    ("offset of a day", "d808000000000000000000000000" + "00015180", "both languages stay below a day"),
]


def refused() -> list[dict[str, Any]]:
    vectors = []
    for name, data, reason, *by in REFUSED:
        vector = {"name": name, "bytes": data, "reason": reason}
        if by:
            vector["by"] = by[0]
        vectors.append(vector)
    return vectors


def key_cases() -> list[Noted]:
    date = note("date", [2024, 2, 29])
    return [
        NIL, TRUE, FALSE, num(1), real(1.0), num(0), real(0.0), real(-0.0), note("float", "7ff8000000000000"), num(-1),
        num(127), num(128), num(1 << 32), num(-(1 << 63)), num((1 << 64) - 1), num(1 << 64), num(-(1 << 100)),
        txt(""), txt("1"), txt("a"), txt("UA"), txt("EWR"), txt("key"), txt("straße"), txt("😀"), txt("x" * 40),
        blob(b""), blob(b"1"), blob(b"\xff\x00"), tup(), tup(num(1)), tup(num(1), num(2)), tup(txt("UA"), txt("EWR")),
        tup(real(1.0)), tup(TRUE), lst(num(1)), dct((txt("a"), num(1))), note("frozenset", [num(3), num(1), num(2)]),
        date, note("time", [1, 2, 3, 4000]), note("instant", [2024, 2, 29, 0, 0, 0, 0]),
        note("local_datetime", [2024, 2, 29, 0, 0, 0, 0]), note("offset_datetime", [2024, 2, 29, 1, 0, 0, 0, 3600]),
        note("duration", [90, 0]), note("decimal", "1.0"), note("decimal", "1.00"),
        note("uuid", "123e4567-e89b-12d3-a456-426614174000"), enum("Color", "RED"), obj("Point", x=num(1), y=num(2)),
        *[txt(f"user-{i}") for i in range(20)], *[num(i) for i in range(2, 20)],
    ]  # fmt: skip


def keys() -> list[dict[str, Any]]:
    vectors = []
    for value in key_cases():
        encoded = reference.Reference().encode(value)
        hashed = reference.murmur3_x86_32(encoded)
        group = hashed % MAX_PARALLELISM
        subtasks = {str(n): group * n // MAX_PARALLELISM for n in PARALLELISMS}
        vectors.append(
            {
                "value": value,
                "bytes": encoded.hex(),
                "murmur3": hashed,
                "key_group": group,
                "subtasks": subtasks,
            }
        )
    return vectors


# Value and bytes, written by hand from the specifications.
HAND_MADE: list[tuple[Noted, str]] = [
    (NIL, "c0"),
    (num(127), "7f"),
    (num(128), "cc80"),
    (num(256), "cd0100"),
    (num(-32), "e0"),
    (num(-33), "d0df"),
    (num(-129), "d1ff7f"),
    (num(1 << 63), "cf8000000000000000"),
    (num(1 << 64), "c70902010000000000000000"),
    (num(-(1 << 63) - 1), "c70902ff7fffffffffffffff"),
    (real(1.0), "cb3ff0000000000000"),
    (txt("é"), "a2c3a9"),
    (repeated("str", "a", 32), "d920" + "61" * 32),
    (blob(b""), "c400"),
    (lst(num(1), txt("a")), "9201a161"),
    (dct((txt("a"), TRUE)), "81a161c3"),
    (tup(), "d40190"),
    (tup(num(1)), "d5019101"),
    (tup(txt("word"), num(1)), "c7070192a4776f726401"),
    (note("set", [num(2), num(1)]), "c70303920102"),
    (note("frozenset", []), "d40490"),
    (note("date", [1970, 1, 2]), "d60500000001"),
    (note("time", [0, 0, 1, 0]), "d706000000003b9aca00"),
    (note("instant", [1969, 12, 31, 23, 59, 59, 500_000_000]), "c70c07ffffffffffffffff1dcd6500"),
    (
        note("offset_datetime", [1970, 1, 1, 1, 0, 0, 0, 3600]),
        "d8080000000000000000" + "00000000" + "00000e10",
    ),
    (note("local_datetime", [1970, 1, 1, 0, 0, 1, 0]), "c70c09000000000000000100000000"),
    (note("duration", [-1, 999_999_000]), "c70c0affffffffffffffff3b9ac618"),
    (note("decimal", "12.50"), "c7060b0000000204e2"),
    (note("decimal", "-1E+3"), "c7050bfffffffdff"),
    (note("decimal", "0"), "c7050b0000000000"),
    (note("uuid", "123e4567-e89b-12d3-a456-426614174000"), "d80c123e4567e89b12d3a456426614174000"),
    (note("enum", ["T", "A"]), "c7050d92a154a141"),
    (note("protobuf", ["p.M", "0801"]), "c7060fa3702e4d0801"),
]


def files() -> dict[str, list[dict[str, Any]]]:
    """Returns the content of every file of vectors."""
    for value, data in HAND_MADE:
        made = reference.Reference().encode(value).hex()
        if made != data:
            raise AssertionError(f"the reference makes {made} of {value}, not {data}")
    return {
        "records.json": records(),
        "refused.json": refused(),
        "keys.json": keys(),
        "frames.json": frames.vectors(),
        "state_files.json": state_files.vectors(),
    }


def text_of(vectors: list[dict[str, Any]]) -> str:
    """Returns a file with one vector a line, so that a change shows as the lines that it changes."""
    lines = ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in vectors)
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    for name, vectors in files().items():
        (HERE / name).write_text(text_of(vectors), encoding="utf-8")
