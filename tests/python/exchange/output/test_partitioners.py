"""Which channel each record of a batch goes to."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.exchange.output.partitioners import ByKey, Custom, PartitionError, Rebalance, Single
from anabranch.records import TypeRegistry, encode_key, key_group, subtask_of

BATCHES = st.lists(st.lists(st.integers(), max_size=20), max_size=6)


def test_single_takes_all():
    assert [([1, 2], ["a", "b"])] == Single().split([1, 2], ["a", "b"])


@given(BATCHES, st.integers(1, 5), st.integers(0, 9))
def test_rebalance_deals_records_out_in_turn_over_all_batches(batches, n, first):
    partitioner = Rebalance(n, first)
    channels = [[] for _ in range(n)]
    for batch in batches:
        for channel, (values, keys) in enumerate(partitioner.split(batch, batch)):
            assert values == keys
            channels[channel] += values

    records = [value for batch in batches for value in batch]
    dealt = [records[(channel - first) % n :: n] for channel in range(n)]
    assert dealt == channels


@given(st.lists(st.integers() | st.text(), max_size=40), st.integers(1, 5))
def test_by_key_follows_the_key_groups_and_keeps_the_order(keys, n):
    values = list(range(len(keys)))

    parts = ByKey(n, 128, TypeRegistry()).split(values, keys)

    for channel, (part, part_keys) in enumerate(parts):
        assert part == sorted(part)
        assert [keys[value] for value in part] == part_keys
        assert all(channel == subtask_of(key_group(encode_key(key), 128), n, 128) for key in part_keys)
    assert Counter(values) == Counter(value for part, _ in parts for value in part)


def test_custom_takes_one_index_or_several():
    function = lambda record, n: range(n) if record == "all" else record

    parts = Custom(3, function).split([0, "all", 2], None)

    assert [([0, "all"], None), (["all"], None), (["all", 2], None)] == parts


class Three:
    """As the integers of numpy are."""

    def __index__(self):
        return 3


@pytest.mark.parametrize("chosen", [(i for i in [0, 3]), map(int, "03"), {0: "a", 3: "b"}, [0, Three()]])
def test_custom_reads_indexes_of_any_kind_once(chosen):
    assert [(["r"], None), ([], None), ([], None), (["r"], None)] == Custom(4, lambda record, n: chosen).split(
        ["r"], None
    )


def test_custom_takes_what_can_stand_for_an_int():
    assert [([], None)] * 3 + [(["r"], None)] == Custom(4, lambda record, n: Three()).split(["r"], None)


@pytest.mark.parametrize("chosen", [None, 1.0, "01", [0, None], object()])
def test_custom_refuses_what_is_not_an_index_and_says_what_it_was(chosen):
    with pytest.raises(PartitionError) as caught:
        Custom(2, lambda record, n: chosen).split(["r"], None)

    assert isinstance(caught.value.__cause__, TypeError)
    assert str(caught.value.__cause__).startswith("partition function returned ")


def test_custom_passes_on_a_failure_in_the_middle_of_the_indexes():
    def fails(record, n):
        yield 0
        raise ZeroDivisionError

    with pytest.raises(PartitionError) as caught:
        Custom(2, fails).split(["r"], None)

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("wrong", [3, -1, [0, 7]])
def test_custom_refuses_an_index_that_is_no_partition_and_tells_the_record(wrong):
    with pytest.raises(PartitionError) as caught:
        Custom(3, lambda record, n: wrong).split(["r"], None)

    assert "r" == caught.value.record
    assert "there are 3 partitions" in str(caught.value.__cause__)
