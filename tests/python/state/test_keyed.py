"""State by key."""

import enum
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anabranch.errors import RecordError
from anabranch.records import Decoder, Encoder, KeyEncoder, KeySelector, TypeRegistry, encode_key
from anabranch.state.keyed import EncodedKey, KeyedState, StateDescriptor
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON

pytestmark = pytest.mark.usefixtures("implementation")

TYPES = TypeRegistry()
KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(),
    st.binary(),
    st.tuples(st.integers(), st.text()),
)


def saved_groups(state, n_groups):
    """What is in the snapshot of a state: key groups, and their entries decoded."""
    decoder = Decoder(LANGUAGE_PYTHON, TYPES)
    groups = state.save(Encoder(LANGUAGE_PYTHON, TYPES), n_groups)
    return [(group.key_group, decoder.decode(group.payload, group.n, group.schemas)) for group in groups]


def new_state(**how):
    return KeyedState(StateDescriptor("s", **how))


@settings(deadline=None)
@given(st.lists(KEYS, max_size=30))
def test_keys_are_equal_exactly_if_their_bytes_are(keys):
    state = new_state()
    for key in keys:
        state.put(key, state.get(key, 0) + 1)

    counted = {}
    for key in keys:
        counted[encode_key(key)] = counted.get(encode_key(key), 0) + 1
    for key in keys:
        assert counted[encode_key(key)] == state.get(key)


def test_equal_looking_keys_are_different_keys():
    state = new_state()
    for number, key in enumerate((1, 1.0, True, "1", b"1", b"\x01")):
        assert state.get(key) is None
        state.put(key, number)


def test_a_key_that_was_removed_is_as_new():
    state = new_state()
    for key in ("a", 1, (1, "a")):
        state.put(key, "value")
        state.remove(key)
        state.remove(key)
        assert state.get(key, "none") == "none"


def test_what_cannot_be_a_key_is_refused():
    for use in (lambda s: s.get(object()), lambda s: s.put(object(), 1), lambda s: s.remove(object())):
        with pytest.raises(RecordError):
            use(new_state())


def test_aggregating_continues_with_the_value_of_each_key():
    state, results = new_state(), []
    add = lambda value, so_far: so_far + value

    state.aggregate(str, add, len, keys=["a", (1,), "a"], values=["x", "y", "z"], results=results)
    state.aggregate(str, add, str.upper, keys=["a", (1,)], values=["!", "!"], results=results)

    assert results == [1, 1, 2, "XZ!", "Y!"]
    assert (state.get("a"), state.get((1,))) == ("xz!", "y!")


def test_whole_numbers_beyond_64_bits_are_looked_up_by_their_bytes():
    numbers = [k * (2**61 - 1) for k in range(-50, 50)]
    assert {hash(number) for number in numbers} == {0}
    state, results = new_state(), []

    state.reduce(lambda old, new: old + new, numbers * 2, list(range(200)), results)

    assert [2 * n + 100 for n in range(100)] == results[100:]
    # What is left in the dict of numbers has few of one hash.
    assert sum(1 for key, _ in state.items() if type(key) is int) == 9
    kinds = {number: type(next(iter_of(number))) for number in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1)}
    assert kinds == {2**63 - 1: int, 2**63: EncodedKey, -(2**63): int, -(2**63) - 1: EncodedKey}


def iter_of(key):
    state = new_state()
    state.put(key, 0)
    return (key for key, _ in state.items())


# ------------------------------------------------------------------ saved and loaded


@settings(deadline=None)
@given(st.dictionaries(KEYS, st.integers()), st.integers(1, 200))
def test_what_is_loaded_is_what_was_saved_and_each_key_is_in_its_group(entries, n_groups):
    state, again = new_state(), new_state()
    for key, value in entries.items():
        state.put(key, value)

    saved = saved_groups(state, n_groups)
    for _, group in saved:
        again.load(group)

    assert list(again.items()) or not entries
    assert dict(again.items()) == dict(state.items())
    assert [number for number, _ in saved] == sorted({number for number, _ in saved})
    chooses = KeySelector(n_groups, n_groups)  # one subtask for each group
    for key in entries:
        (number,) = [number for number, group in saved if form_of(key) in group[::2]]
        assert number == chooses.index_of(key)


def form_of(key):
    return next(iter_of(key))


def test_items_are_found_by_their_own_keys():
    state = new_state()
    keys = ["a", 7, 2**70, None, 1.5, b"bytes", ("a", 1), EncodedKey(encode_key(("b", 2)))]
    for key in keys:
        state.put(key, repr(key))

    for key, value in list(state.items()):
        assert state.get(key) == value
        state.remove(key)

    assert list(state.items()) == []


def test_values_are_saved_and_loaded_as_the_descriptor_has_it():
    how = {"save": sorted, "load": lambda key, saved: (key, set(saved))}
    state, again = new_state(**how), new_state(**how)
    state.put("a", {3, 1})
    state.put((1,), {2})

    saved = saved_groups(state, 128)
    for _, group in saved:
        again.load(group)

    assert sorted([["a", [1, 3]], [encode_key((1,)), [2]]], key=str) == sorted((group for _, group in saved), key=str)
    assert again.get("a") == ("a", {1, 3})
    assert again.get((1,)) == (EncodedKey(encode_key((1,))), {2})


def test_a_string_that_no_record_can_carry_to_another_task_has_a_group_all_the_same():
    state, again = new_state(), new_state()
    state.put("\ud800", 1)

    for _, group in saved_groups(state, 128):
        again.load(group)

    assert again.get("\ud800") == 1


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True)
class Point:
    x: int


def test_keys_of_the_jobs_types_are_in_the_groups_that_the_partitioner_chooses():
    types = TypeRegistry()
    state = KeyedState(StateDescriptor("s"), types)
    selector = KeySelector(128, 128, types)
    for key in (Colour.RED, Point(4)):
        state.put(key, 1)
        (saved,) = saved_groups(state, 128)
        assert saved == (selector.index_of(key), [KeyEncoder(types).encode(key), 1])
        state.remove(key)
