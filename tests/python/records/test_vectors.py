"""The bytes that both languages must write and read."""

import pytest

from anabranch.errors import RecordError
from anabranch.records import Decoder, Encoder, KeyEncoder, KeySelector, key_group, subtask_of
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA
from tests.python.records.notation import as_bytes, as_schemas, as_value, load, registry

pytestmark = pytest.mark.usefixtures("implementation")

RECORDS = load("records.json")
REFUSED = [vector for vector in load("refused.json") if vector.get("by") != "java"]
KEYS = load("keys.json")


@pytest.mark.parametrize("vector", RECORDS, ids=lambda vector: vector["name"])
def test_a_value_has_exactly_these_bytes(vector):
    payload, schemas = Encoder(LANGUAGE_JAVA, registry()).encode([as_value(vector["value"])])

    assert as_bytes(vector["bytes"]) == payload
    by_id = lambda schema: schema.id
    assert sorted(as_schemas(vector), key=by_id) == sorted(schemas, key=by_id)


@pytest.mark.parametrize("vector", RECORDS, ids=lambda vector: vector["name"])
def test_these_bytes_are_exactly_this_value(vector):
    decoder = Decoder(LANGUAGE_JAVA, registry())

    (value,) = decoder.decode(as_bytes(vector["bytes"]), 1, as_schemas(vector))

    expected = as_value(vector["value"])
    if isinstance(expected, (set, frozenset)):
        assert (type(expected), expected) == (type(value), value)
    else:
        assert repr(expected) == repr(value)


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["name"])
def test_these_bytes_are_refused(vector):
    with pytest.raises(RecordError):
        Decoder(LANGUAGE_JAVA, registry()).decode(as_bytes(vector["bytes"]), 1, as_schemas(vector))


@pytest.mark.parametrize("vector", KEYS, ids=lambda vector: str(vector["value"])[:60])
def test_a_key_goes_exactly_here(vector):
    key = as_value(vector["value"])

    encoded = KeyEncoder(registry()).encode(key)

    assert as_bytes(vector["bytes"]) == encoded
    assert vector["key_group"] == key_group(encoded, 128)
    for parallelism, subtask in vector["subtasks"].items():
        assert subtask == subtask_of(vector["key_group"], int(parallelism), 128)
        selector = KeySelector(int(parallelism), 128, registry())
        assert [subtask, subtask] == [selector.index_of(key), selector.index_of(key)]
