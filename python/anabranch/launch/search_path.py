"""The module search path as it is handed to another process."""

from __future__ import annotations

import contextlib
import os
import sys


def search_path() -> list[str]:
    """Returns this process's module search path in the form in which it means the same to any process on this host.

    Only strings, as Python skips anything else, and none with a zero byte, which no path has. The current directory,
    which may be gone, is written out.
    """
    found = []
    for path in sys.path:
        if isinstance(path, str) and "\0" not in path:
            with contextlib.suppress(FileNotFoundError):
                found.append(path or os.getcwd())  # noqa: PTH109 - a string
    return found
