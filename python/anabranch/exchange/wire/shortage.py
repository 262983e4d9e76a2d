"""Running out of file descriptors: tolerated for a while, since other code may release some, and then an error."""

from __future__ import annotations

import errno
import time

# Longer than peers that say nothing are waited for: those of a stranger must not end a job.
_PATIENCE = 10.0


def are_files_used_up(error: BaseException) -> bool:
    """Returns whether the system has refused another open file."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


class Shortage:
    """Tells a want of open files that passes from one that lasts."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._since: float | None = None

    def met(self, error: OSError) -> bool:
        """Takes note of an error; returns whether it is such a want.

        Raises:
            OSError: The error itself, if it is one and there have been others for too long.
        """
        if not are_files_used_up(error):
            return False
        now = time.monotonic()
        self._since = self._since or now
        if now - self._since > self._patience:
            raise error
        return True

    def over(self) -> None:
        """Takes note that there was a file to be had."""
        self._since = None
