"""Any value of the table goes out and comes back; hostile bytes do no harm."""

import contextlib
import dataclasses
import enum
import threading
from collections import Counter, OrderedDict
from datetime import datetime, time, timedelta, timezone
from decimal import MAX_PREC, Context, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd
import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from anabranch.errors import JobGraphError, RecordError
from anabranch.records import Decoder, Encoder, Row, TypeRegistry, decode_value, encode_key, encode_value
from anabranch.records.ownership import copied
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON
from tests.python.records.strategies import HASHABLE, LANGUAGES, VALUES, shape

pytestmark = pytest.mark.usefixtures("implementation")
EXACT = Context(prec=MAX_PREC)


def there_and_back(values, language=LANGUAGE_PYTHON, types=None):
    types = types or TypeRegistry()
    payload, schemas = Encoder(language, types).encode(values)
    return Decoder(language, types).decode(payload, len(values), schemas)


@given(st.lists(VALUES, max_size=8), LANGUAGES)
def test_any_values_of_the_table_come_back_exactly(values, language):
    assert [shape(value) for value in values] == [shape(value) for value in there_and_back(values, language)]


@given(VALUES)
def test_bytes_do_not_depend_on_the_consumer(value):
    assert Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([value]) == (
        Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([value])
    )


@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
def test_mutated_bytes_give_values_or_a_record_error(values, data):
    payload = bytearray(Encoder(LANGUAGE_JAVA, TypeRegistry()).encode(values)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RecordError):
        Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(bytes(payload), len(values), [])


@given(st.binary(max_size=100), st.integers(0, 5))
def test_random_bytes_give_values_or_a_record_error(payload, n):
    with contextlib.suppress(RecordError):
        Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(payload, n, [])


@given(st.lists(st.tuples(HASHABLE, VALUES), max_size=8))
def test_keys_go_in_front_of_the_values(pairs):
    keys, values = [key for key, _ in pairs], [value for _, value in pairs]
    payload, schemas = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode(values, keys)

    decoded = Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(payload, 2 * len(pairs), schemas)

    assert [shape(each) for each in keys + values] == [shape(each) for each in decoded]


@dataclasses.dataclass
class Plain:
    b: int
    a: str


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: object
    y: int = dataclasses.field(default=3, init=False)


class Pair(NamedTuple):
    second: int
    first: str


class Point(msgspec.Struct):
    y: int
    x: int


class Hue(enum.IntEnum):
    RED = 1
    GREEN = 2


class Perm(enum.Flag):
    R = 4
    W = 2


INSTANCES = [Plain(1, "p"), Frozen((1, 2)), Pair(1, "q"), Point(y=1, x=2), Hue.RED, Duration(seconds=5)]


@pytest.mark.parametrize("language", [LANGUAGE_PYTHON, LANGUAGE_JAVA])
@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: type(instance).__name__)
def test_an_instance_comes_back_as_one_of_its_class(instance, language):
    types = TypeRegistry()
    if not isinstance(instance, Duration):
        types.register(type(instance), f"com.acme.{type(instance).__name__}")

    (back,) = there_and_back([[instance]], language, types)

    assert [(type(instance), instance)] == [(type(each), each) for each in back]


def test_fields_travel_in_the_order_of_their_names():
    _, (schema,) = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([Plain(1, "p")])

    assert (f"{__name__}.Plain", ["a", "b"]) == (schema.name, list(schema.fields))


def test_an_unknown_class_becomes_a_row_that_goes_back_as_what_it_was():
    sender = TypeRegistry()
    sender.register(Plain, "com.acme.Flight")
    payload, schemas = Encoder(LANGUAGE_JAVA, sender).encode([Plain(1, "p")])

    (row,) = Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(payload, 1, schemas)

    assert ("com.acme.Flight", 1, "p") == (row.type_name, row.b, row["a"])
    assert Row("com.acme.Flight", {"a": "p", "b": 1}) == row
    assert (payload, schemas) == Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([row])
    with pytest.raises(AttributeError, match="has no field 'c'; it has a, b"):
        _ = row.c


def test_other_fields_on_the_other_side_are_refused_by_name():
    sender, receiver = TypeRegistry(), TypeRegistry()
    sender.register(Plain, "com.acme.T")
    receiver.register(Pair, "com.acme.T")
    payload, schemas = Encoder(LANGUAGE_JAVA, sender).encode([Plain(1, "p")])

    with pytest.raises(RecordError, match="missing in the record: first, second; unknown here: a, b"):
        Decoder(LANGUAGE_JAVA, receiver).decode(payload, 1, schemas)


def test_a_class_of_the_main_script_travels_with_the_records():
    local = dataclasses.make_dataclass("Local", ["x"])
    local.__module__ = "__main__"

    payload, schemas = Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([local(5)])

    assert schemas[0].python_class
    (back,) = Decoder(LANGUAGE_PYTHON, TypeRegistry()).decode(payload, 1, schemas)
    assert ("Local", 5) == (type(back).__name__, back.x)
    assert not Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([local(5)])[1][0].python_class


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        (np.int64(1), "value.tolist()"),
        (np.float64(1), "value.tolist()"),
        (np.zeros(2), "value.tolist()"),
        (pd.Timestamp("2026-01-02 03:04"), "value.to_pydatetime()"),
        (pd.Timedelta("1s"), "value.to_pytimedelta()"),
        (pd.NaT, "None, where pandas.isna(value)"),
        (pd.NA, "None, where pandas.isna(value)"),
        (pd.Series([1]), "value.tolist()"),
        (pd.DataFrame({"a": [1]}), 'value.to_dict("records"), and a record for each'),
    ],
    ids=lambda each: type(each).__name__,
)
def test_values_of_numpy_and_pandas_are_refused_with_their_conversion(value, expression):
    with pytest.raises(RecordError) as caught:
        Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([{"k": value}])

    assert str(caught.value).endswith(f"cannot cross; convert it, e.g. {expression}, at ['k']")


BEYOND = 1 << (8 * (1 << 14) - 1)  # the first int that is too long
UNCROSSABLE = [
    (object(), "a object cannot cross"),
    (OrderedDict(a=1), "convert it, e.g. dict(value)"),
    (bytearray(b"x"), "convert it, e.g. bytes(value)"),
    (complex(1, 2), "a complex cannot cross"),
    (time(1, tzinfo=timezone.utc), "a time with a zone"),
    (Decimal("NaN"), "it is not finite"),
    (Decimal("-0"), "Java has no such number"),
    (Perm.R | Perm.W, "is not a single constant"),
    ("\ud800", "lone surrogate"),
    (BEYOND, "an integer of 16385 bytes cannot cross"),
    (-BEYOND - 1, "an integer of 16385 bytes cannot cross"),
    (Decimal("1" * 39458), "a Decimal of 39458 digits cannot cross"),
    (Decimal("9" * 39457), "an integer of 16385 bytes cannot cross"),
    ({float("nan"), float("nan")}, "differ in Python only"),
    ({float("nan"): 1, float("nan"): 2}, "differ in Python only"),
    (frozenset([(float("nan"),), (float("nan"),)]), "differ in Python only"),
]


@pytest.mark.parametrize(("value", "reason"), UNCROSSABLE, ids=[reason for _, reason in UNCROSSABLE])
def test_what_cannot_cross_is_refused_with_index_path_and_reason(value, reason):
    with pytest.raises(RecordError) as caught:
        Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([1, {"k": [0, (value,)]}])

    assert (1, "['k'][1][0]") == (caught.value.index, caught.value.path)
    assert reason in str(caught.value)


@pytest.mark.parametrize("value", [Counter("aab"), complex(1, 2), bytearray(b"x"), Decimal("NaN"), range(3), Perm.R])
def test_between_python_operators_any_object_travels(value):
    assert repr(value) == repr(there_and_back([value])[0])


@pytest.mark.parametrize(
    "value", [BEYOND - 1, -BEYOND, Decimal(BEYOND - 1), Decimal(-BEYOND).scaleb(-7, EXACT)], ids=type
)
def test_the_longest_integers_cross(value):
    assert [value] == there_and_back([value], LANGUAGE_JAVA)


@pytest.mark.parametrize("value", [BEYOND, -BEYOND - 1, Decimal("9" * 39457)], ids=type)
def test_longer_integers_travel_between_python_operators(value):
    assert [value] == there_and_back([value])


def test_two_nan_in_a_container_stay_two_between_python_operators():
    nans = {float("nan"), float("nan")}
    keys = {float("nan"): 1, float("nan"): 2}

    assert [2, 2] == [len(each) for each in there_and_back([nans, keys])]


NAN = float("nan")
# Equal as soon as their NaN are the same object.
ALMOST_EQUAL = [
    ((0.0, NAN), (False, float("nan"))),
    (frozenset([1, NAN]), frozenset([True, float("nan")])),
    ((Decimal(1), (NAN,)), (1, (float("nan"),))),
]


@pytest.mark.parametrize("keys", ALMOST_EQUAL)
def test_keys_that_only_their_nan_tell_apart_stay_two_between_python_operators(keys):
    containers = [set(keys), frozenset(keys), dict.fromkeys(keys)]

    assert [2, 2, 2] == [len(each) for each in there_and_back(containers)]


@pytest.mark.parametrize("keys", ALMOST_EQUAL)
def test_keys_that_only_their_nan_tell_apart_are_two_for_java(keys):
    payload, _ = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([set(keys)])

    assert payload.endswith(b"".join(sorted(encode_value(key) for key in keys)))


def test_every_nan_arrives_as_one_key():
    first, second, tupled = there_and_back([float("nan"), float("nan"), (float("nan"),)], LANGUAGE_JAVA)

    assert 1 == len({first, second, *tupled})


def test_what_cannot_be_pickled_is_refused_between_python_operators():
    with pytest.raises(RecordError, match="a generator cannot be pickled"):
        there_and_back([(x for x in [])])


def test_a_named_zone_stays_a_named_zone_in_python_and_becomes_its_offset_for_java():
    winter = datetime(2024, 1, 15, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    assert ZoneInfo("Europe/Berlin") == there_and_back([winter])[0].tzinfo
    (crossed,) = there_and_back([winter], LANGUAGE_JAVA)
    assert (winter, timezone(timedelta(hours=1))) == (crossed, crossed.tzinfo)


def nested(levels: int, innermost=None, around=lambda value: [value]):
    value = innermost
    for _ in range(levels):
        value = around(value)
    return value


def test_nesting_beyond_the_limit_is_refused_on_the_way_to_java_and_in_keys():
    for encode in (
        encode_value,
        lambda value: Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([1, value]),
        lambda value: Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([1], [value]),
    ):
        encode(nested(64))
        with pytest.raises(RecordError, match="deeper than 64"):
            encode(nested(65))


@dataclasses.dataclass
class Node:
    inner: Any


@pytest.mark.parametrize(
    "around",
    [
        lambda value: [value],
        lambda value: (value,),
        lambda value: {"k": value},
        Node,
        lambda value: Row("com.acme.Node", {"inner": value}),
    ],
)
def test_from_python_to_python_nesting_has_no_limit_but_that_of_pickle(around):
    values = [1, nested(64, 2, around), nested(65, 3, around), "x", nested(100, 4, around), nested(64, {5}, around)]

    assert values == there_and_back(values)


def test_what_is_nested_too_deep_for_a_pickle_is_refused_and_not_copied():
    with pytest.raises(RecordError, match=r"(?m)^it is nested deeper than pickle can follow$"):
        there_and_back([nested(100_000)])
    same = nested(100_000)
    assert copied(same) is same


def test_beside_a_value_nested_too_deep_another_is_refused_as_ever():
    with pytest.raises(RecordError, match="cannot be pickled") as caught:
        Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([nested(100), 1, [threading.Lock()]])

    assert (2, "[0]") == (caught.value.index, caught.value.path)


def test_a_value_that_contains_itself_is_refused_for_java_and_whole_in_python():
    endless: list = [1]
    endless.append(endless)

    with pytest.raises(RecordError, match="deeper than 64"):
        encode_value(endless)
    (back,) = there_and_back([endless])
    assert back[1] is back


def test_nodes_that_know_their_parents_are_encoded_in_one_piece():
    root = Node([])
    root.inner += [Node([root, number]) for number in range(5)]  # endlessly many ways, five more at each level

    (back,) = there_and_back([root])

    assert [0, 1, 2, 3, 4] == [each.inner[1] for each in back.inner]
    assert all(each.inner[0] is back for each in back.inner)


def test_a_pickle_from_java_is_never_loaded():
    payload, _ = Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([complex(1, 2)])

    with pytest.raises(RecordError, match="from Python only"):
        Decoder(LANGUAGE_JAVA, TypeRegistry()).decode(payload, 1, [])


@pytest.mark.parametrize("key", [Duration(), object(), [object()]])
def test_what_cannot_be_a_key_is_refused(key):
    with pytest.raises(RecordError):
        encode_key(key)


def test_function_arguments_are_one_tuple():
    arguments = (1, "a", [2.5], {"k": None})

    assert arguments == decode_value(encode_value(arguments))


def test_registered_types_reach_the_workers():
    types = TypeRegistry()
    types.register(Plain, "com.acme.Plain")
    types.register(Duration, "com.acme.DurationProto")

    there = TypeRegistry.from_bindings(types.bindings())

    assert "com.acme.Plain" == there.name_of(Plain)
    assert {"com.acme.Plain": "com.acme.Plain", "google.protobuf.Duration": "com.acme.DurationProto"} == {
        binding.name: binding.java_class for binding in there.bindings()
    }


def test_registering_nonsense_or_a_taken_name_is_refused():
    types = TypeRegistry()
    types.register(Plain, "com.acme.Taken")

    with pytest.raises(JobGraphError, match="not a dataclass"):
        types.register(int)
    with pytest.raises(JobGraphError, match=r"com\.acme\.Taken is taken"):
        types.register(Pair, "com.acme.Taken")
