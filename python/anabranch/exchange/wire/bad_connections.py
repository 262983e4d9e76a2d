"""Connections that came to nothing: counted, and reported once a minute however many they are."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

_INTERVAL = 60.0


class BadConnections:
    """Reports the first bad connection at once, and later ones as a number, with the last reason."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes the words for what was done with them, and the clock."""
        self._what = what
        self._clock = clock
        self._said_at: float | None = None
        self._count = 0
        self._reason: object = None

    def met(self, reason: object) -> None:
        """Counts one more."""
        self._count += 1
        self._reason = reason
        if self._said_at is None or self._clock() - self._said_at >= _INTERVAL:
            self.report()

    def report(self) -> None:
        """Reports what was counted since the last report, if anything was."""
        if self._count == 1:
            logger.warning("%s a connection: %s", self._what, self._reason)
        elif self._count:
            logger.warning("%s %d connections, the last one: %s", self._what, self._count, self._reason)
        self._count = 0
        self._said_at = self._clock()
