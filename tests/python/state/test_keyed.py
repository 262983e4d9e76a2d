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
