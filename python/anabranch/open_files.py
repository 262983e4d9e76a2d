"""How many files, sockets among them, this process may have open."""

from __future__ import annotations

import contextlib
import resource

# Programs that user code starts inherit the limit, and some close every number below it: not millions.
_MOST = 1 << 20


def raise_limit() -> None:
    """Raises the soft limit to the hard one, as a JVM does by itself: a channel takes a file at either end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS may allow less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def limit() -> int:
    """Returns how many files the process may have open; 0: any number."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if soft == resource.RLIM_INFINITY else soft
