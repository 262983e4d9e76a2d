"""Batches: what is cut, picked and joined is what lists would be, in every column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.records.batch import Batch, BatchBuilder

COLUMNS = st.tuples(st.booleans(), st.booleans())  # whether there are keys, and timestamps


@st.composite
def batches(draw, columns=COLUMNS):
    """A batch with any of the columns that may be missing."""
    values = draw(st.lists(st.integers(), max_size=8))
    keyed, timed = draw(columns)
    column = st.lists(st.integers(), min_size=len(values), max_size=len(values))
    return Batch(values, draw(column) if keyed else None, draw(column) if timed else None)


def alike(columns):
    return st.lists(batches(st.just(columns)), min_size=1, max_size=5)


def each(batch):
    """The batch as a list of records."""
    n = len(batch)
    columns = [[None] * n if column is None else column for column in (batch.values, batch.keys, batch.timestamps)]
    return list(zip(*columns, strict=True))


def columns_of(batch):
    return batch.keys is not None, batch.timestamps is not None


@given(batches(), st.integers(0, 9), st.integers(0, 9), st.integers(1, 3))
def test_a_slice_is_what_a_slice_of_a_list_is(batch, start, end, step):
    part = batch.slice(start, end, step)

    assert each(batch)[start:end:step] == each(part)
    assert columns_of(batch) == columns_of(part)


@given(batches())
def test_a_slice_of_everything_is_the_batch_itself(batch):
    assert batch is batch.slice(0, len(batch))


@given(batches(), st.data())
def test_records_are_selected_in_the_order_of_the_indexes_and_as_often_as_these_say(batch, data):
    indexes = data.draw(st.lists(st.integers(0, len(batch) - 1))) if len(batch) else []

    selected = batch.select(indexes)

    assert [each(batch)[index] for index in indexes] == each(selected)
    assert columns_of(batch) == columns_of(selected)


@given(batches(), st.data())
def test_a_filter_keeps_the_records_whose_verdict_is_true(batch, data):
    verdicts = data.draw(st.lists(st.sampled_from([0, 1, "", "x"]), min_size=len(batch), max_size=len(batch)))

    kept = batch.filter(verdicts)

    assert [record for record, verdict in zip(each(batch), verdicts, strict=True) if verdict] == each(kept)
    assert columns_of(batch) == columns_of(kept)


@given(COLUMNS.flatmap(alike))
def test_batches_are_joined_as_lists_are(several):
    joined = Batch.concat(several)

    assert [record for batch in several for record in each(batch)] == each(joined)
    assert columns_of(several[0]) == columns_of(joined)


@given(batches(), st.integers(0, 9))
def test_the_pieces_of_a_batch_make_the_batch_again(batch, middle):
    assert batch == Batch.concat([batch.slice(0, middle), batch.slice(middle, len(batch))])


@pytest.mark.parametrize("column", ["keys", "timestamps"])
def test_batches_with_and_without_a_column_are_not_joined(column):
    with pytest.raises(ValueError, match=f"^1 of 2 batches have no {column}$"):
        Batch.concat([Batch([1], **{column: [7]}), Batch([2])])


def test_other_values_keep_the_times_and_not_the_keys():
    assert Batch(["a"], None, [7]) == Batch([1], ["k"], [7]).with_values(["a"])


def test_other_keys_keep_values_and_times():
    assert Batch([1], ["l"], [7]) == Batch([1], ["k"], [7]).with_keys(["l"])


def test_a_builder_gives_each_record_the_time_that_was_set_last():
    builder = BatchBuilder()
    builder.at(10)
    builder.values += ["a", "b"]
    builder.at(20)
    builder.at(30)
    builder.values.append("c")
    first = builder.build()
    builder.values.append("d")

    assert (Batch(["a", "b", "c"], None, [10, 10, 30]), Batch(["d"], None, [30])) == (first, builder.build())


def test_a_builder_without_times_makes_batches_without():
    builder = BatchBuilder()
    builder.values.append("a")

    assert (Batch(["a"]), Batch([])) == (builder.build(), builder.build())
