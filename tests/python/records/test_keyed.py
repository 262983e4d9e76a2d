"""The loops over keyed records: both implementations do the same, and let go of what they took."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as some

from anabranch.errors import RecordError
from anabranch.records import KeySelector, TypeRegistry, codec
from anabranch.records.keyed import Places, reduce_by_key, split_by_key
from anabranch.records.ownership import OWNERSHIP
from anabranch.state.keyed import KeyedState, StateDescriptor

pytestmark = pytest.mark.usefixtures("implementation")

NATIVE = codec._native
needs_native = pytest.mark.skipif(NATIVE is None, reason="the native codec was not built")


class Word(str):
    """A key that is not exactly a str."""

    __slots__ = ()


KEYS = some.one_of(
    some.sampled_from([0, 1, 2**70, 0.0, 1.0, True, False, None, "", "1", b"1", (1,), (1.0,), (True, "1")]),
    some.integers(-3, 3),
    some.text("ab", max_size=2),
)


def kind_and_value(key):
    """What tells keys apart: 1, 1.0 and True are three."""
    inner = tuple(kind_and_value(each) for each in key) if type(key) is tuple else key
    return type(key), inner


@given(some.lists(KEYS, max_size=60))
def test_each_key_is_reduced_by_itself_and_in_order(keys):
    state, results, expected, seen = KeyedState(StateDescriptor("s")), [], [], {}
    values = [(n,) for n in range(len(keys))]

    half = len(keys) // 2
    state.reduce(lambda old, new: old + new, keys[:half], values[:half], results)
    state.reduce(lambda old, new: old + new, tuple(keys[half:]), tuple(values[half:]), results)

    for key, value in zip(keys, values, strict=True):
        name = kind_and_value(key)
        seen[name] = seen.get(name, ()) + value
        expected.append(seen[name])
    assert expected == results


@given(some.lists(KEYS, max_size=60), some.integers(1, 5))
def test_each_record_goes_to_the_part_of_its_key_and_parts_keep_the_order(keys, n):
    selector = KeySelector(n, 128, TypeRegistry())
    values = list(range(len(keys)))

    for _ in range(2):  # the second time keys are remembered
        parts = selector.split(keys, values)

        assert n == len(parts)
        for index, (part, part_keys) in enumerate(parts):
            mine = [value for value in values if selector.index_of(keys[value]) == index]
            assert mine == part
            assert [kind_and_value(keys[value]) for value in mine] == [kind_and_value(key) for key in part_keys]


def test_only_exact_strings_and_integers_are_looked_up_in_their_dicts():
    asked = []
    tables = ({}, {}, {})

    def other(key):
        asked.append(key)
        return tables[2], repr(key)

    keys = ["a", 1, True, Word("a"), 1.0]
    reduce_by_key(max, keys, [1, 2, 3, 4, 5], Places(tables[0], tables[1], other), [])

    assert [True, Word("a"), 1.0] == asked
    assert ({"a": 1}, {1: 2}, {"True": 3, "'a'": 4, "1.0": 5}) == tables


def test_what_came_before_a_failure_stays():
    state, results = KeyedState(StateDescriptor("s")), []

    def divide(old, new):
        return old / new

    with pytest.raises(ZeroDivisionError):
        state.reduce(divide, ["a", "b", "a", "b", "a"], [8, 1, 2, 0, 1], results)

    assert [8, 1, 4.0] == results
    state.reduce(divide, ["a", "b"], [2, 2], results)
    assert [8, 1, 4.0, 2.0, 0.5] == results


def test_a_key_that_is_none_is_refused_with_its_place():
    state, results = KeyedState(StateDescriptor("s")), []
    with pytest.raises(RecordError):
        state.reduce(max, ["a", object(), "b"], [1, 2, 3], results)
    assert [1] == results

    with pytest.raises(RecordError) as refused:
        KeySelector(3, 128, TypeRegistry()).split(["a", "b", object(), "c"], [1, 2, 3, 4])
    assert 2 == refused.value.index


def test_as_many_keys_as_values_are_needed():
    with pytest.raises(ValueError, match=r"as many keys|argument 2"):
        KeyedState(StateDescriptor("s")).reduce(max, ["a", "b"], [1], [])
    with pytest.raises(ValueError, match=r"as many keys|argument 2"):
        KeySelector(2, 128, TypeRegistry()).split(["a"], [1, 2])


def test_nothing_is_kept_but_the_state_and_the_results():
    key, value, failing = "key" * 5, ["value"], ["failing"]
    before = [sys.getrefcount(each) for each in (key, value, failing)]

    def add(old, new):
        if new is failing:
            raise KeyError
        return new

    def use():
        results, parts = [], [([], [])]
        for values in ([value] * 50, [value, failing]):
            places = Places({}, {}, lambda _key: ({}, "slot"))
            try:
                reduce_by_key(add, [key, *[1.5] * (len(values) - 2), key], values, places, results)
            except KeyError:
                assert values[-1] is failing
        split_by_key([key, 1.5], [value, failing], Places({}, {}, lambda _key: 0), parts)
        assert [([value, failing], [key, 1.5])] == parts

    for _ in range(20):
        use()

    assert before == [sys.getrefcount(each) for each in (key, value, failing)]


@needs_native
def test_a_function_that_empties_the_batch_ends_it():
    keys, values, results = ["a"] * 9, [*range(9)], []

    def clear(_old, new):
        keys.clear()
        values.clear()
        return new

    NATIVE.reduce(clear, keys, values, Places({}, {}, None), results, OWNERSHIP)

    assert [0, 1] == results


@needs_native
@pytest.mark.parametrize(
    "call",
    [
        lambda: NATIVE.reduce(max, [], []),
        lambda: NATIVE.reduce(max, iter([]), [], ({}, {}, max), [], OWNERSHIP),
        lambda: NATIVE.reduce(max, [], [], ({}, {}), [], OWNERSHIP),
        lambda: NATIVE.reduce(max, [], [], (1, {}, max), [], OWNERSHIP),
        lambda: NATIVE.reduce(max, [], [], ({}, {}, max), (), OWNERSHIP),
        lambda: NATIVE.reduce(max, [1.5], [1], ({}, {}, lambda _key: 7), [], OWNERSHIP),
        lambda: NATIVE.reduce(max, [1.5], [1], ({}, {}, lambda _key: (7, 7)), [], OWNERSHIP),
        lambda: NATIVE.split([], []),
        lambda: NATIVE.split(["a"], [1], ({"a": "b"}, {}, max), [([], [])]),
        lambda: NATIVE.split(["a"], [1], ({"a": 1}, {}, max), [([], [])]),
        lambda: NATIVE.split(["a"], [1], ({"a": -1}, {}, max), [([], [])]),
        lambda: NATIVE.split(["a"], [1], ({"a": 0}, {}, max), [[[], []]]),
        lambda: NATIVE.split(["a"], [1], ({"a": 0}, {}, max), [((), ())]),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises((TypeError, IndexError, SystemError)):
        call()


def test_the_parts_of_numbers_beyond_64_bits_are_not_remembered():
    numbers = [k * (2**61 - 1) for k in range(100, 200)]
    selector = KeySelector(3, 128, TypeRegistry())

    for keys in (numbers, [(number, "a") for number in numbers]):
        parts = selector.split(keys, keys)
        assert [[key for key in keys if selector.index_of(key) == index] for index in range(3)] == [
            part for part, _ in parts
        ]

    caches = [*selector._caches.values(), *selector._tuple_caches.values()]
    assert [len(cache) for cache in caches if cache] == []
