"""The vectors are what their generator makes, and the generator agrees with what others made."""

import mmh3
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.python.records.notation import VECTORS, as_bytes, as_value, load
from tests.vectors import generate, reference

PLAIN = {"null", "bool", "int", "float", "str", "bytes", "list", "dict"}


@pytest.mark.parametrize("name", generate.files())
def test_a_file_of_vectors_is_what_its_generator_makes(name):
    assert generate.text_of(generate.files()[name]) == (VECTORS / name).read_text()


def is_plain(noted):
    """True if MessagePack alone can say the value."""
    kind, value = noted["type"], noted["value"]
    if kind == "int":
        return -(1 << 63) <= int(value) < 1 << 64
    if kind == "dict":
        return all(is_plain(part) for entry in value for part in entry)
    return kind in PLAIN and (kind != "list" or all(map(is_plain, value)))


@pytest.mark.parametrize(
    "vector", [v for v in load("records.json") if is_plain(v["value"])], ids=lambda vector: vector["name"]
)
def test_another_messagepack_encoder_writes_plain_values_alike(vector):
    assert as_bytes(vector["bytes"]) == msgspec.msgpack.encode(as_value(vector["value"]))


@given(st.binary(max_size=70))
def test_another_murmur3_hashes_alike(data):
    assert reference.murmur3_x86_32(data) == mmh3.hash(data, 0, signed=False)


@given(st.dates())
def test_days_are_counted_as_the_standard_library_counts_them(day):
    assert day.toordinal() - 719163 == reference.days_from_civil(day.year, day.month, day.day)
