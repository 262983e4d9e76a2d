"""Finds steps that are worse than linear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Noise, and what a cache that becomes too small costs: a fifth more time at twice the size is within it.
TOLERANCE = 0.25


@dataclass(frozen=True)
class Step:
    """From one size to the next.

    Attributes:
        exponent: 1: the time grew as the size did; 2: with its square. Below 1: what does not depend on the size shows.
    """

    smaller: float
    larger: float
    exponent: float

    @property
    def worse_than_linear(self) -> bool:
        """Whether more than noise is needed to explain it."""
        return self.exponent > 1 + TOLERANCE


def steps(sizes: Sequence[float], times: Sequence[float]) -> list[Step]:
    """Returns every step; the times are those of work that grows with the size."""
    found = []
    for (small, short), (large, long) in pairwise(zip(sizes, times, strict=True)):
        found.append(Step(small, large, math.log(long / short) / math.log(large / small)))
    return found
