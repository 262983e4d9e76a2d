"""Percentiles by nearest rank: each is a latency that was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(ascending: Sequence[int], percent: float) -> int:
    """Returns the smallest value that at least `percent` of all values do not exceed.

    Raises:
        ValueError: There are no values, or the percentage is not above 0 and at most 100.
    """
    if not ascending or not 0 < percent <= 100:  # noqa: PLR2004 - the whole
        raise ValueError(f"percentile {percent} of {len(ascending)} values")
    # Rounded first: 99.9 % of 1,000 are 999, not 999.0000000000001.
    return ascending[math.ceil(round(len(ascending) * percent / 100, 6)) - 1]
