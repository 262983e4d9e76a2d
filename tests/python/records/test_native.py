"""The native codec does what its twin in pure Python does, to the byte and to the message of an error."""

import dataclasses
import gc
import os
import subprocess
import sys
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.errors import RecordError
from anabranch.records import Decoder, Encoder, Row, TypeRegistry, codec
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON
from tests.python.records.strategies import HASHABLE, LANGUAGES, VALUES, shape

NATIVE = codec._native
pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native codec was not built")


@dataclasses.dataclass
class Plain:
    b: object
    a: object


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: object


@dataclasses.dataclass
class Empty:
    pass


@dataclasses.dataclass
class Upper:
    """Its attribute is not what is in its `__dict__`."""

    name: str

    class Name:
        def __get__(self, instance, owner):
            return self if instance is None else str(instance.__dict__["name"]).upper()

        def __set__(self, instance, value):
            instance.__dict__["name"] = value


Upper.name = Upper.Name()


class Pair(NamedTuple):
    second: object
    first: object


class Point(msgspec.Struct, frozen=True):
    y: object
    x: object


INSTANCES = st.recursive(
    VALUES,
    lambda inner: (
        st.builds(Plain, inner, inner)
        | st.builds(Pair, inner, inner)
        | st.builds(Point, inner, inner)
        | st.builds(Frozen, inner)
        | st.builds(Empty)
        | st.builds(Upper, st.text())
        | st.builds(lambda value: Row("com.acme.R", {"v": value}), inner)
        | st.builds(lambda value: extended(Plain(1, 2), value), inner)
        | st.lists(inner, max_size=3)
        | st.dictionaries(HASHABLE, inner, max_size=3)
    ),
    max_leaves=12,
)
NANS = [
    {float("nan"), float("nan")},
    dict.fromkeys((float("nan"), i) for i in (1, 1)),
    {frozenset([float("nan"), zero]) for zero in (False, -0.0)},
    dict.fromkeys((b"x" * 300, float("nan"), i) for i in (1, 1.0)),
]
UNCROSSABLE = st.sampled_from([*NANS, object(), "\ud800", Decimal("NaN"), bytearray(b"x"), range(2), {1: object()}, 1j])


def extended(instance, value):
    """An instance with one attribute more than its fields."""
    instance.more = value
    return instance


def pure(function):
    """What a function returns or raises without the native codec."""
    codec._native = None
    try:
        return outcome(function)
    finally:
        codec._native = NATIVE


def outcome(function):
    try:
        return function()
    except RecordError as error:
        return str(error), error.index, error.path


def encode(language, values, keys=None):
    payload, schemas = Encoder(language, TypeRegistry()).encode(values, keys)
    return payload, sorted((schema.id, schema.name, list(schema.fields), schema.python_class) for schema in schemas)


def decode(language, payload, n, schemas=()):
    return shape(Decoder(language, TypeRegistry()).decode(payload, n, schemas))


@given(st.lists(INSTANCES, max_size=6), LANGUAGES)
def test_both_write_the_same_bytes_and_schemas(values, language):
    assert pure(lambda: encode(language, values)) == encode(language, values)


@pytest.mark.parametrize("language", [LANGUAGE_JAVA, LANGUAGE_PYTHON])
def test_both_write_the_same_bytes_where_only_nan_tells_keys_apart(language):
    for values in ([NANS[2]], [NANS[3]], [{(1, nan) for nan in (float("nan"),)}], [{b"\xcb\x7f\xf8" + bytes(6), 1}]):
        assert pure(lambda: encode(language, values)) == encode(language, values)  # noqa: B023


@given(st.lists(INSTANCES | UNCROSSABLE | st.lists(UNCROSSABLE, max_size=2), max_size=4))
def test_both_refuse_alike_what_cannot_cross(values):
    assert pure(lambda: encode(LANGUAGE_JAVA, values)) == outcome(lambda: encode(LANGUAGE_JAVA, values))


@given(st.lists(INSTANCES, max_size=6), LANGUAGES)
def test_each_reads_what_the_other_wrote(values, language):
    payload, schemas = Encoder(language, TypeRegistry()).encode(values)

    assert pure(lambda: decode(language, payload, len(values), schemas)) == (
        decode(language, payload, len(values), schemas)
    )


@given(st.lists(INSTANCES, min_size=1, max_size=4), st.data())
def test_both_make_the_same_of_mutated_bytes(values, data):
    payload, schemas = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode(values)
    damaged = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["set", "cut", "insert"]))
        at = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        if kind == "set" and damaged:
            damaged[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del damaged[at : at + data.draw(st.integers(1, 3))]
        else:
            damaged[at:at] = data.draw(st.binary(max_size=3))
    check = lambda: decode(LANGUAGE_JAVA, bytes(damaged), len(values), schemas)

    assert pure(check) == outcome(check)


@given(
    st.binary(max_size=60) | st.lists(st.sampled_from(range(0x80, 0x100)), max_size=40).map(bytes), st.integers(0, 3)
)
def test_both_make_the_same_of_random_bytes(payload, n):
    check = lambda: decode(LANGUAGE_JAVA, payload, n)

    assert pure(check) == outcome(check)


@pytest.mark.parametrize("language", [LANGUAGE_JAVA, LANGUAGE_PYTHON])
@pytest.mark.parametrize("levels", [63, 64, 65])
@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: (v,), lambda v: {1: v}, lambda v: Plain(v, 1)])
def test_both_have_the_same_limit_of_nesting(language, levels, wrap):
    value = 1
    for _ in range(levels):
        value = wrap(value)

    made = outcome(lambda: encode(language, [value]))

    assert pure(lambda: encode(language, [value])) == made
    assert (levels > 64 and language == LANGUAGE_JAVA) is isinstance(made[0], str)


BATCHES = {
    "plain": [("word", i, 1.5 * i, None, [b"x", {"k": i}], {i, -i}, frozenset("ab")) for i in range(1000)],
    "instances": [[Plain(i, "a"), Pair(i, i), Frozen(i), Point(i, i), Row("R", {"i": i})] for i in range(200)],
    "rare": [[Decimal(i), 1 << 70, "\udcff", extended(Plain(i, i), i)] for i in range(200)],
}


def allocated(work, times):
    """How many blocks more are allocated after doing some work many times; before that, it fills caches."""
    for _ in range(times // 2):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(times):
        work()
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize("name", BATCHES)
def test_a_million_values_leave_no_memory_behind(name):
    values, types = BATCHES[name], TypeRegistry()
    encoder, decoder = Encoder(LANGUAGE_PYTHON, types), Decoder(LANGUAGE_PYTHON, types)

    def work():
        payload, schemas = encoder.encode(values)
        decoder.decode(payload, len(values), schemas)

    assert allocated(work, 100 if name == "plain" else 20) < 100


def test_failures_leave_no_memory_behind():
    values, types = BATCHES["instances"], TypeRegistry()
    encoder, decoder = Encoder(LANGUAGE_JAVA, types), Decoder(LANGUAGE_JAVA, types)
    payload, schemas = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode(values[:2])
    broken = [*values[:2], {"k": (1, {object()})}]

    def work():
        with pytest.raises(RecordError):
            encoder.encode(broken)
        for end in range(0, len(payload), 7):
            with pytest.raises(RecordError):
                decoder.decode(payload[:end], 2, schemas)
            with pytest.raises(RecordError):
                decoder.decode(payload[:end] + b"\xc1" + payload[end + 1 :], 3, schemas)

    assert allocated(work, 20) < 100


def test_a_claimed_length_allocates_nothing():
    """64 nested arrays, each of which claims to be as long as all that follows."""
    payload = b"".join(b"\xdd" + (1_000_000).to_bytes(4, "big") for _ in range(64)) + b"\xc0" * 1_000_000
    script = f"""
import resource
from anabranch.errors import RecordError
from anabranch.records import decode_value
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode_value({payload[:320]!r} + b"\\xc0" * 1_000_000)
except RecordError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert int(grown.stdout) < 100_000  # KiB


def test_a_variable_chooses_the_pure_codec():
    script = "from anabranch.records import codec_name; print(codec_name())"
    names = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "ANABRANCH_PURE_PYTHON": value},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()
        for value in ("1", "0")
    ]

    assert ["pure Python", "native"] == names


@pytest.mark.parametrize("arguments", [(), ([1], {}, {}), ([1], {}, [], {}), (1, {}, {}, {})])
def test_wrong_arguments_are_a_type_error(arguments):
    with pytest.raises(TypeError):
        NATIVE.encode(*arguments)
    with pytest.raises(TypeError):
        NATIVE.decode(*arguments)
