"""How long to wait before something that has just failed is tried again."""

from __future__ import annotations


class Backoff:
    """No delay for the first try, then 1, 2, 4 … seconds, as long as each try fails."""

    def __init__(self, longest: float = 60.0) -> None:
        self._longest = longest
        self._failures = 0

    @property
    def delay(self) -> float:
        """Seconds to wait before the next try."""
        return 0.0 if not self._failures else min(self._longest, 2.0 ** (self._failures - 1))

    def failed(self) -> None:
        """A try has failed."""
        self._failures += 1

    def succeeded(self) -> None:
        """A try has succeeded: the next failure is the first again."""
        self._failures = 0
