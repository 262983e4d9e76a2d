"""How many records a task handles between two looks at anything else."""

from __future__ import annotations

_GOAL = 0.05  # seconds


class Pace:
    """Learns from what was handled last how many records take about as long as nobody minds.

    A checkpoint, a commit or a cancellation waits for the batch at hand, so a slow task takes a frame in parts.
    """

    def __init__(self) -> None:
        self.most = 1

    def learn(self, records: int, seconds: float) -> None:
        """Takes note of how long so many records have taken."""
        self.most = max(1, int(records * _GOAL / max(seconds, 1e-6)))
