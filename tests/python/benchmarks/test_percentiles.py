"""Percentiles by nearest rank."""

from __future__ import annotations

import pytest
from benchmarks.latency.percentiles import percentile


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 500), (99, 990), (99.9, 999), (99.99, 1000), (100, 1000), (0.01, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(percent, expected):
    assert percentile(range(1, 1001), percent) == expected


def test_a_single_value_is_every_percentile():
    assert [percentile([7], percent) for percent in (1, 50, 99.9)] == [7, 7, 7]


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1], 0), ([1], 101)])
def test_there_is_no_percentile_of_nothing(values, percent):
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)
