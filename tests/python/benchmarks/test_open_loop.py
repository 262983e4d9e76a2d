"""The generator keeps to its schedule, whatever holds it up."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from benchmarks.common.marks import Marks
from benchmarks.latency.job import OpenLoop

from anabranch import EndOfData


class Slow:
    """Takes its time over the third batch."""

    def __init__(self) -> None:
        self.batches = []

    def collect_many(self, values):
        self.batches.append(values)
        if len(self.batches) == 3:
            time.sleep(0.05)


def test_what_is_late_still_says_when_it_was_due(tmp_path):
    source, context = OpenLoop(100, 1000, 0, Marks(tmp_path)), Slow()
    source.init(1, 0)
    while sum(map(len, context.batches)) < 100:
        source.fetch(context)

    with pytest.raises(EndOfData):
        source.fetch(context)
    records = [record for batch in context.batches for record in batch]
    assert [number for number, _ in records] == list(range(100))
    assert {after[1] - before[1] for before, after in pairwise(records)} == {1_000_000}
    assert len(context.batches[3]) >= 40  # all that became due meanwhile


def test_a_tick_gathers_what_becomes_due_within_it(tmp_path):
    source, context = OpenLoop(100, 10_000, 2000, Marks(tmp_path)), Slow()
    source.init(1, 0)
    for _ in range(4):
        source.fetch(context)

    assert len(context.batches[2]) >= 18
