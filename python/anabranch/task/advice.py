"""What a function may expect of a script's process, and a worker does not have: said in its error."""

from __future__ import annotations

import bdb
import os
import sys
from typing import Any

from anabranch.text import error_line

_NO_TERMINAL = (
    "a worker has no terminal to debug on: call the function in a script of its own, or have the environment variable "
    "PYTHONBREAKPOINT name a debugger that is reached by network (debugpy, for one)"
)
_NO_SIGNALS = (
    "functions run on a thread of the worker, where Python handles no signals: for a time limit use a timeout of what "
    "is called, or a process of its own (concurrent.futures.ProcessPoolExecutor)"
)
_NO_EVENT_LOOP = (
    "use asyncio.run(...), or call asyncio.new_event_loop() in open(), use its run_until_complete, and close it in "
    "close()"
)
# By the type of the exception and a part of its text, both Python's own.
_ADVICE = (
    (bdb.BdbQuit, "", _NO_TERMINAL),
    (ValueError, "signal only works in main thread", _NO_SIGNALS),
    (RuntimeError, "no current event loop in thread", _NO_EVENT_LOOP),
)


def no_debugger(*arguments: Any, **named: Any) -> Any:
    """Stands for `breakpoint()` in a worker: fails at once, unless PYTHONBREAKPOINT names a debugger."""
    if os.environ.get("PYTHONBREAKPOINT"):
        return sys.__breakpointhook__(*arguments, **named)  # noqa: T100 - it is asked for
    raise RuntimeError(f"breakpoint(): {_NO_TERMINAL}")


def advice_for(error: BaseException) -> str:
    """Returns what to do instead of what the worker does not offer; empty for any other error."""
    for kind, part, text in _ADVICE:
        if isinstance(error, kind) and part in error_line(error):
            return text
    return ""
