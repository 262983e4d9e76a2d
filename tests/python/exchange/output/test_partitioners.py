"""Which channel each record of a batch goes to."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.exchange.output.partitioners import ByKey, Custom, PartitionError, Rebalance, Single
from anabranch.records import TypeRegistry, encode_key, key_group, subtask_of
from anabranch.records.batch import Batch

BATCHES = st.lists(st.lists(st.integers(), max_size=20), max_size=6)


def test_single_takes_all():
    assert [Batch([1, 2], ["a", "b"])] == Single().split(Batch([1, 2], ["a", "b"]))


@given(BATCHES, st.integers(1, 5), st.integers(0, 9))
def test_rebalance_deals_records_out_in_turn_over_all_batches(batches, n, first):
    partitioner = Rebalance(n, first)
    channels = [[] for _ in range(n)]
    for batch in batches:
        for channel, part in enumerate(partitioner.split(Batch(batch, batch))):
            assert part.values == part.keys
            channels[channel] += part.values

    records = [value for batch in batches for value in batch]
    dealt = [records[(channel - first) % n :: n] for channel in range(n)]
    assert dealt == channels


@given(st.lists(st.integers() | st.text(), max_size=40), st.integers(1, 5))
def test_by_key_follows_the_key_groups_and_keeps_the_order(keys, n):
    values = list(range(len(keys)))

    parts = ByKey(n, 128, TypeRegistry()).split(Batch(values, keys))

    for channel, part in enumerate(parts):
        assert part.values == sorted(part.values)
        assert [keys[value] for value in part.values] == part.keys
        assert all(channel == subtask_of(key_group(encode_key(key), 128), n, 128) for key in part.keys)
    assert Counter(values) == Counter(value for part in parts for value in part.values)


def test_custom_takes_one_index_or_several():
    function = lambda record, n: range(n) if record == "all" else record

    parts = Custom(3, function).split(Batch([0, "all", 2]))

    assert [Batch([0, "all"]), Batch(["all"]), Batch(["all", 2])] == parts


class Three:
    """As the integers of numpy are."""

    def __index__(self):
        return 3


@pytest.mark.parametrize("chosen", [(i for i in [0, 3]), map(int, "03"), {0: "a", 3: "b"}, [0, Three()]])
def test_custom_reads_indexes_of_any_kind_once(chosen):
    parts = Custom(4, lambda record, n: chosen).split(Batch(["r"]))

    assert [Batch(["r"]), Batch([]), Batch([]), Batch(["r"])] == parts


def test_custom_takes_what_can_stand_for_an_int():
    assert [Batch([])] * 3 + [Batch(["r"])] == Custom(4, lambda record, n: Three()).split(Batch(["r"]))


@pytest.mark.parametrize("chosen", [None, 1.0, "01", [0, None], object()])
def test_custom_refuses_what_is_not_an_index_and_says_what_it_was(chosen):
    with pytest.raises(PartitionError) as caught:
        Custom(2, lambda record, n: chosen).split(Batch(["r"]))

    assert isinstance(caught.value.__cause__, TypeError)
    assert str(caught.value.__cause__).startswith("partition function returned ")


def test_custom_passes_on_a_failure_in_the_middle_of_the_indexes():
    def fails(record, n):
        yield 0
        raise ZeroDivisionError

    with pytest.raises(PartitionError) as caught:
        Custom(2, fails).split(Batch(["r"]))

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("wrong", [3, -1, [0, 7]])
def test_custom_refuses_an_index_that_is_no_partition_and_tells_the_record(wrong):
    with pytest.raises(PartitionError) as caught:
        Custom(3, lambda record, n: wrong).split(Batch(["r"]))

    assert "r" == caught.value.record
    assert "there are 3 partitions" in str(caught.value.__cause__)


TYPES = TypeRegistry()


@pytest.mark.parametrize(
    "partitioner",
    [Single(), Rebalance(3, 1), ByKey(3, 128, TYPES), Custom(3, lambda record, n: [record % n, (record + 1) % n])],
    ids=lambda partitioner: type(partitioner).__name__,
)
def test_every_partitioner_leaves_records_their_times(partitioner):
    parts = partitioner.split(Batch([*range(50)], [*range(50)], [100 + n for n in range(50)]))

    assert {*range(50)} == {value for part in parts for value in part.values}
    assert all(part.timestamps == [100 + value for value in part.values] for part in parts)
