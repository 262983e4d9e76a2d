"""Processes that functions fork: copies of the worker that do nothing of its work.

`os.fork` in a function leaves the child in the middle of the engine. If the child comes back into it, by returning or
by an exception, it ends there: it would handle the records of its parent, and write to its parent's sockets. That is
looked at after each operator's share of a batch, and not after each record, which would cost all others time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import NoReturn

# In the environment of a worker before gRPC is loaded: nobody can use the engine's connections in a forked process, and
# gRPC would say so on stderr at each fork.
QUIET = ("GRPC_ENABLE_FORK_SUPPORT", "0")

in_child = False


def watch() -> None:
    """Has `in_child` be true in every process that this one forks."""
    os.register_at_fork(after_in_child=_note)


def end_child(error: BaseException | None = None) -> NoReturn:
    """Ends this process, a forked one that has come back into the engine.

    Args:
        error: What its function has raised: `SystemExit` ends it as it ends any process.
    """
    code: object = 1
    with contextlib.suppress(BaseException):
        if isinstance(error, SystemExit):
            code = error.code or 0
            if not isinstance(code, int):
                print(code, file=sys.stderr)  # noqa: T201 - as Python does
                code = 1
        elif error is not None:
            traceback.print_exception(error)
        else:
            print(  # noqa: T201 - nobody else will say it
                f"process {os.getpid()}, which a function has forked, returned from the function and was ended; "
                "it should end by os._exit",
                file=sys.stderr,
            )
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def _note() -> None:
    global in_child  # noqa: PLW0603 - a process is forked as a whole
    in_child = True
