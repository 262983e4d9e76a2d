"""What happens again and again is reported ever more rarely."""

from __future__ import annotations


def is_reported(times: int) -> bool:
    """Returns whether to report what has happened so many times: the first, second, fourth, eighth time, and so on."""
    return times > 0 and times & (times - 1) == 0
