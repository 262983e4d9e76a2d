"""How often tasks are restarted after errors of functions, and how long each restart waits."""

from __future__ import annotations

from anabranch.config import Options

_LONGEST_DELAY = 60.0


class Restarts:
    """Counts restarts: in all, and since a checkpoint."""

    def __init__(self, options: Options) -> None:
        self._allowed = options.integer("anabranch.restart.attempts")
        self._first_delay = options.integer("anabranch.restart.delay-ms") / 1000
        self._total = 0
        self._checkpoint = 0
        self._since_checkpoint = 0

    @property
    def are_used_up(self) -> bool:
        """True if another failure ends the job."""
        return self._total >= self._allowed

    def begin(self, checkpoint: int) -> float:
        """Counts a restart; returns the seconds to wait before it: twice as many with each since the last checkpoint.

        Args:
            checkpoint: The last complete one.
        """
        if self._checkpoint != checkpoint:
            self._checkpoint, self._since_checkpoint = checkpoint, 0
        first = self._first_delay
        delay = max(first, min(_LONGEST_DELAY, first * 2.0 ** min(self._since_checkpoint, 32)))
        self._total += 1
        self._since_checkpoint += 1
        return delay
