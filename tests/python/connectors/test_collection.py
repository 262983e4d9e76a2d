"""A source of values that are known beforehand."""

from hypothesis import given
from hypothesis import strategies as st

from anabranch.connectors.collection import CollectionSource
from tests.python.connectors.reading import read_all


@given(st.lists(st.integers(), max_size=5000), st.integers(1, 7))
def test_the_subtasks_together_emit_each_value_once_in_order(values, parallelism):
    assert values == read_all(lambda: CollectionSource(values), parallelism)


def test_any_iterable_will_do():
    assert [0, 1, 4] == read_all(lambda: CollectionSource(x * x for x in range(3)), 1)
