"""Steps that are worse than linear are found, and nothing else."""

from __future__ import annotations

import pytest
from benchmarks.growth.checkpoint import durations
from benchmarks.growth.linear import steps
from benchmarks.growth.report import page


def test_linear_work_is_linear():
    assert [step.exponent for step in steps([10, 100, 1000], [1, 10, 100])] == pytest.approx([1, 1])


def test_a_step_that_is_quadratic_is_worse_than_linear():
    found = steps([1, 2, 4, 8], [1, 2, 8, 16])

    assert [(step.smaller, step.larger) for step in found if step.worse_than_linear] == [(2, 4)]
    assert found[1].exponent == pytest.approx(2)


def test_a_cache_that_becomes_too_small_is_not_yet_worse():
    assert not steps([1_000, 10_000], [1, 15])[0].worse_than_linear


def test_a_checkpoint_lasts_from_its_own_begin():
    assert durations([1.0, 2.0, 3.0], [1.5, 2.25, 3.125]) == [0.5, 0.25, 0.125]


def test_the_page_says_which_step_is_worse_than_linear():
    step = {"smaller": 1, "larger": 4, "exponent": 1.5, "worse_than_linear": True}
    point = {"seconds_per_record": 2e-6, "per_second": 500_000, "peak_mib": 70}
    points = [point | {"size": 1}, point | {"size": 4}]
    series = {"title": "python", "points": points, "steps": [step], "worse_than_linear": [step], "failure": ""}
    found = {
        "name": "chain",
        "title": "maps",
        "figure": "seconds_per_record",
        "series": [series],
        "rounds": 3,
        "machine": {"cores": 2, "commit": "abc"},
    }

    text = page([found])

    assert "* python: worse than linear from 1 to 4" in text
    assert "| python | 4 | 2 | 500,000 | 70 | 1.50 |" in text
