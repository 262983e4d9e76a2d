"""The records that come back from Java, and what Python makes of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

PERCENTS = range(1, 100)


@dataclass(frozen=True)
class Sketch:
    """The values that a quantile sketch kept, sorted, and how many of the original values are at or below each."""

    values: list[float]
    ranks: list[int]
    error: float

    @property
    def count(self) -> int:
        """Number of original values."""
        return self.ranks[-1] if self.ranks else 0

    def quantile(self, fraction: float) -> float:
        """Returns the smallest value that (about) this fraction of all values does not exceed; NaN without values."""
        if not self.values:
            return math.nan
        rank = max(1, math.ceil(fraction * self.count))
        return self.values[bisect_left(self.ranks, rank)]


@dataclass(frozen=True)
class GroupDelays:
    """The delays of a carrier's or an airport's flights; the Java record of this name."""

    dimension: str
    name: str
    flights: int
    departure: Sketch
    arrival: Sketch


@dataclass(frozen=True)
class Summary:
    """One kind of delay of one group.

    Attributes:
        count: Number of flights that have this delay.
        error: How far the rank of a quantile may be off, as a fraction of 1.
        percentiles: Delay in minutes at 1 %, 2 % ... 99 %.
    """

    count: int
    error: float
    percentiles: list[float]

    def at(self, percent: int) -> float:
        """Returns the delay in minutes that `percent` % of the flights do not exceed."""
        return self.percentiles[percent - PERCENTS.start]


@dataclass(frozen=True)
class Report:
    """A line of the report."""

    dimension: str
    name: str
    flights: int
    departure: Summary
    arrival: Summary


def summarize(sketch: Sketch) -> Summary:
    """Returns what the report needs of a sketch."""
    return Summary(sketch.count, sketch.error, [sketch.quantile(percent / 100) for percent in PERCENTS])


def to_report(group: GroupDelays) -> Report:
    """Map function: a line of the report for a group."""
    return Report(group.dimension, group.name, group.flights, summarize(group.departure), summarize(group.arrival))
