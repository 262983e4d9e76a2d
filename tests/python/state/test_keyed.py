"""State by key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.errors import RecordError
from anabranch.records import encode_key
from anabranch.state.keyed import KeyedState

KEYS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.tuples(st.integers()))


@given(st.lists(KEYS, max_size=30))
def test_keys_are_equal_exactly_if_their_bytes_are(keys):
    state = KeyedState()
    for key in keys:
        table, slot = state.slot_of(key)
        table[slot] = table.get(slot, 0) + 1

    counted = {}
    for key in keys:
        counted[encode_key(key)] = counted.get(encode_key(key), 0) + 1
    for key in keys:
        table, slot = state.slot_of(key)
        assert counted[encode_key(key)] == table[slot]


def test_equal_looking_keys_are_different_keys():
    state = KeyedState()
    for number, key in enumerate((1, 1.0, True, "1", b"1", b"\x01")):
        table, slot = state.slot_of(key)
        assert slot not in table
        table[slot] = number


def test_what_cannot_be_a_key_is_refused():
    with pytest.raises(RecordError):
        KeyedState().slot_of(object())


def test_whole_numbers_beyond_64_bits_are_looked_up_by_their_bytes():
    numbers = [k * (2**61 - 1) for k in range(-50, 50)]
    assert {hash(number) for number in numbers} == {0}
    state, results = KeyedState(), []

    state.reduce(lambda old, new: old + new, numbers * 2, list(range(200)), results)

    assert [2 * n + 100 for n in range(100)] == results[100:]
    # What is left in the dict of numbers has few of one hash.
    assert sum(1 for number in numbers if state.slot_of(number)[1] == number) == 9
    assert type(state.slot_of(2**63 - 1)[1]) is int
    assert type(state.slot_of(2**63)[1]) is bytes
    assert type(state.slot_of(-(2**63))[1]) is int
