"""How many records a source is asked for at a time."""

from __future__ import annotations

_FIRST = 1
_MOST = 4096
_QUICK = 0.02
_TARGET = 0.05
_SLOW = 0.1


class FetchSize:
    """So many records that a call of `fetch`, with all that becomes of them in the task, takes about 50 ms.

    Only between two calls a source can take a checkpoint. What this number is decides which records are of one call,
    and so at which record the clock is read again: a task that is to be repeated logs each change, and begins each
    epoch anew.

    Attributes:
        records: The number.
        was_asked: Whether the last call has asked for it; if not, it is of no use to change it.
    """

    def __init__(self) -> None:
        self.records = _FIRST
        self.was_asked = False

    def begin_epoch(self) -> None:
        """Starts with few records."""
        self.records = _FIRST

    def learn(self, collected: int, seconds: float) -> bool:
        """Takes note of what a call has collected and how long it took; returns whether the number has changed."""
        before = self.records
        if seconds > _SLOW:
            self.records = max(1, min(before, int(collected * _TARGET / seconds)))
        elif seconds < _QUICK and collected >= before:
            self.records = min(_MOST, 2 * before)
        return self.records != before
