"""Batches in slices: whole where the operators are quick, record by record where they are slow."""

import pytest

from anabranch.operators import slices
from anabranch.operators.slices import Slices
from anabranch.records.batch import Batch


class Chain:
    """Takes slices, and as much time for each record as is said; time does not pass by itself."""

    def __init__(self, monkeypatch) -> None:
        self.seconds_per_record = 0.0
        self.now = 1000.0
        self.values: list[int] = []
        self.keys: list[int] = []
        self.sizes: list[int] = []
        self.seconds: list[float] = []
        monkeypatch.setattr(slices, "monotonic", lambda: self.now)
        self.batch = Slices(self.take, self.after)

    def take(self, batch) -> None:
        self.values += batch.values
        self.keys += batch.keys or []
        self.now += self.seconds_per_record * len(batch)

    def after(self, records, began, ended) -> None:
        self.sizes.append(records)
        self.seconds.append(ended - began)

    def sizes_of(self, n: int) -> list[int]:
        """The slices that a batch of n records comes in."""
        self.sizes.clear()
        self.batch(Batch(list(range(n))))
        return list(self.sizes)


@pytest.fixture
def chain(monkeypatch):
    return Chain(monkeypatch)


def test_every_record_is_handed_on_once_in_order_with_its_key(chain):
    for n in (0, 1, 100, 1000):
        chain.batch(Batch(list(range(n)), [2 * i for i in range(n)]))

    expected = [i for n in (0, 1, 100, 1000) for i in range(n)]
    assert expected == chain.values
    assert [2 * i for i in expected] == chain.keys


def test_quick_operators_soon_get_whole_batches(chain):
    assert [1, 2, 4, 8, 16, 32, 37] == chain.sizes_of(100)
    assert [64, 36] == chain.sizes_of(100)
    for _ in range(5):
        chain.sizes_of(2000)

    assert [1024] == chain.sizes_of(1024)


def test_a_slow_operator_gets_one_record_at_a_time(chain):
    chain.seconds_per_record = 0.05

    assert [1] * 100 == chain.sizes_of(100)


def test_an_operator_that_has_become_slow_gets_slices_of_a_moment_after_the_first(chain):
    for _ in range(10):
        chain.sizes_of(1000)
    chain.seconds_per_record = 0.01
    chain.sizes_of(1000)

    chain.sizes_of(1000)

    assert max(chain.seconds[-50:]) < 0.1


def test_what_an_operator_takes_for_its_records_is_told(chain):
    chain.seconds_per_record = 0.03

    chain.sizes_of(3)

    assert [pytest.approx(0.03)] * 3 == chain.seconds
