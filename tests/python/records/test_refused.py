"""Values that a class or a type of this side refuses to become, and what is told of them."""

import datetime as dt
import enum
import pickle
from dataclasses import dataclass

import msgspec
import pytest

from anabranch.errors import RecordError
from anabranch.records import Decoder, Encoder, RefusedValue, Row, TypeRegistry
from anabranch.records.encoder import ValueEncoder
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON

pytestmark = pytest.mark.usefixtures("implementation")


class Positive(msgspec.Struct, frozen=True):
    value: object

    def __post_init__(self):
        if self.value == -1:
            raise ValueError("not positive")


@dataclass
class Order:
    total: int


class Color(enum.Enum):
    RED = 1


class Broken:
    def __reduce__(self):
        return int, ("no number",)


def here():
    types = TypeRegistry()
    types.register(Positive, "acme.Positive")
    types.register(Order, "acme.Order")
    types.register(Color, "acme.Color")
    return types


def there(value):
    """An instance as the other side has it, which checks nothing."""
    return Row("acme.Positive", {"value": value})


def received(values, keys=None, source=LANGUAGE_JAVA):
    """What becomes of these values on their way to a consumer that skips."""
    payload, schemas = Encoder(LANGUAGE_PYTHON, here()).encode(values, keys)
    n = len(values) * (1 if keys is None else 2)
    return Decoder(source, here(), refuses=True).decode(payload, n, schemas)


def plain(value, source=LANGUAGE_JAVA):
    (refused,) = received([value], source=source)
    assert type(refused) is RefusedValue
    return refused.plain


def test_values_around_a_refused_one_arrive_in_order():
    first, refused, last = received([there(1), there(-1), there(2)])

    assert (first, last) == (Positive(1), Positive(2))
    assert refused.plain == {"value": -1}
    assert refused.error.index == 1
    error = f"an instance of {__name__}.Positive cannot be made of its fields: ValueError: not positive"
    assert str(refused.error) == error
    assert isinstance(refused.error.__cause__, ValueError)


def test_a_value_is_refused_as_a_whole_however_deep_the_reason_is():
    deep = {"a": [(1, there(-1))], "b": there(3)}

    before, refused, after = received(["before", deep, "after"])

    assert (before, after) == ("before", "after")
    assert refused.plain == {"a": [(1, {"value": -1})], "b": {"value": 3}}
    assert refused.error.path == "['a'][0][1]"


def test_a_key_is_refused_like_a_value():
    first, refused, *values = received(["a", "b"], keys=[there(1), there(-1)])

    assert first == Positive(1)
    assert refused.plain == {"value": -1}
    assert values == ["a", "b"]


def test_what_is_told_of_a_value_has_no_classes_of_users():
    assert plain([there(-1), Color.RED, {1}, frozenset()]) == [{"value": -1}, "RED", [1], []]
    assert plain([there(-1), {there(1): "x"}]) == [{"value": -1}, [({"value": 1}, "x")]]
    assert plain([there(-1), {(1, 2): "x", None: b"y"}]) == [{"value": -1}, {(1, 2): "x", None: b"y"}]


def test_what_is_told_of_a_pickle_is_its_bytes():
    (data,) = plain((Broken(),), LANGUAGE_PYTHON)

    with pytest.raises(ValueError, match="no number"):
        pickle.loads(data)


def test_values_that_python_cannot_hold_are_refused_alone():
    year_10_000 = ValueEncoder(TypeRegistry()).encode([dt.date(9999, 12, 31)])[:-1] + b"\xff"
    equal_keys = b"\x82\x01\xa1x\xc3\xa1y"  # {1: "x", True: "y"}

    values = Decoder(LANGUAGE_JAVA, here(), refuses=True).decode(year_10_000 + equal_keys + b"\x07", 3, [])

    assert [type(value) for value in values] == [RefusedValue, RefusedValue, int]
    assert type(values[0].plain) is bytes
    assert values[1].plain == [(1, "x"), (True, "y")]


@pytest.mark.parametrize("data", [b"\xc1", b"\x92\x01", b"\xd4\x63\x00", b"\xa1\xff", b"\x01\x02"])
def test_wrong_bytes_are_an_error_still(data):
    with pytest.raises(RecordError):
        Decoder(LANGUAGE_JAVA, here(), refuses=True).decode(data, 1, [])


def test_types_that_do_not_fit_the_job_are_an_error_still():
    with pytest.raises(RecordError, match="missing in the record: total"):
        received([1, Row("acme.Order", {"sum": 1})])
    unknown = Encoder(LANGUAGE_JAVA, here()).encode([Color.RED])[0]
    with pytest.raises(RecordError, match=r"no enum acme\.Color here"):
        Decoder(LANGUAGE_JAVA, TypeRegistry(), refuses=True).decode(unknown, 1, [])


def test_without_a_consumer_that_skips_the_first_refusal_is_an_error():
    payload, schemas = Encoder(LANGUAGE_PYTHON, here()).encode([there(1), there(-1)])

    with pytest.raises(RecordError, match="not positive") as raised:
        Decoder(LANGUAGE_JAVA, here()).decode(payload, 2, schemas)

    assert raised.value.index == 1
