"""How long a source that has nothing is left alone."""

from __future__ import annotations

_FIRST = 0.0001
_SHORT = 0.01  # reached within a few calls
_LONGEST = 0.1
_SHARE = 0.01  # of the time without a record: who has waited so long does not feel it


class IdlePause:
    """The pause between two calls of `fetch` while a source emits nothing.

    It doubles from 0.1 ms to 10 ms. From a second without a record on it is a hundredth of that time, up to 100 ms:
    two hundred sources that are asked a hundred times a second keep half a core busy. What `fetch` itself has waited
    counts, so a source that waits there is asked again at once.
    """

    def __init__(self) -> None:
        self._pause = 0.0
        self._idle_since: float | None = None

    def after(self, began: float, ended: float, *, produced: bool) -> float:
        """Returns the pause after a call of `fetch`, in seconds.

        Args:
            began: When it was called.
            ended: When it returned.
            produced: Whether it has emitted anything.
        """
        if produced:
            self._pause, self._idle_since = 0.0, None
            return 0.0
        if self._idle_since is None:
            self._idle_since = began
        self._pause = min(_SHORT, self._pause * 2 + _FIRST)
        long = min(_LONGEST, (ended - self._idle_since) * _SHARE)
        return max(0.0, max(self._pause, long) - (ended - began))
