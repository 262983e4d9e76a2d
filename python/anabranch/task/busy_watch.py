"""How long a task has been handling one batch, and where in the user's code it is."""

from __future__ import annotations

import sys
import threading

from anabranch.task.errors import is_engine_file

# Nobody asks earlier, and to look is not free: a source may wait in `fetch` for ever.
_LONG = 2.0


class BusyWatch:
    """Looks at a task that is busy for long.

    At first soon enough for a warning of a stall, then whenever twice as much time has passed.
    """

    def __init__(self, stall_warning: float) -> None:
        """Makes a watch.

        Args:
            stall_warning: After how many seconds without a moving record the master warns; 0: never.
        """
        self._long = min(_LONG, stall_warning / 2 or _LONG)
        self._since: float | None = None
        self._ms = 0
        self._where = ""

    def look(self, now: float, busy_since: float | None, thread_id: int | None) -> tuple[int, str]:
        """Returns for how many milliseconds at least the task has been busy, and where; (0, "") if it is not for long.

        Args:
            now: The time, of `time.monotonic`.
            busy_since: When the task began to handle the batch at hand; None if there is none.
            thread_id: The task's thread.
        """
        if busy_since is None or now - busy_since < self._long:
            return 0, ""
        ms = max(1, int((now - busy_since) * 1000))
        if busy_since != self._since or ms >= 2 * self._ms:
            self._since, self._ms, self._where = busy_since, ms, user_place(thread_id)
        return self._ms, self._where


def user_place(thread_id: int | None) -> str:
    """Returns "file:line in function" of the innermost frame of user code that a thread is in, or ""."""
    frame = sys._current_frames().get(thread_id or 0)  # noqa: SLF001 - the only way to look at another thread
    while frame is not None:
        code = frame.f_code
        if not is_engine_file(code.co_filename) and code.co_filename != threading.__file__:
            return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
        frame = frame.f_back
    return ""
