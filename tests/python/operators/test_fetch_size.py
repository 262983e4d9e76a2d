"""How many records a source is asked for at a time."""

from anabranch.operators.fetch_size import FetchSize


def size_after(records: int, seconds_per_record: float, calls: int = 30) -> FetchSize:
    size = FetchSize()
    for _ in range(calls):
        n = min(records, size.records)
        size.learn(n, n * seconds_per_record)
    return size


def test_records_that_take_nothing_are_asked_for_in_thousands():
    assert 4096 == size_after(10**6, 1e-7).records


def test_records_that_take_long_are_asked_for_one_by_one():
    assert 1 == size_after(10**6, 1.0).records


def test_a_call_takes_about_fifty_milliseconds():
    size = size_after(10**6, 0.001)

    assert 16 <= size.records <= 100


def test_a_source_that_has_not_so_many_is_not_asked_for_more():
    assert size_after(10, 1e-7).records <= 16


def test_fewer_are_asked_for_at_once_when_they_take_longer():
    size = size_after(10**6, 1e-7)

    assert size.learn(4096, 4096 * 0.02)
    assert size.records <= 3


def test_an_epoch_begins_with_as_many_in_every_run():
    size = size_after(10**6, 1e-7)
    size.begin_epoch()

    assert FetchSize().records == size.records
