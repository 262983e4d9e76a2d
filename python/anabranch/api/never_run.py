"""Says at the end of a script which jobs it has described and not run: most often, `execute` was forgotten."""

from __future__ import annotations

import atexit
import itertools
import os
import sys
from pathlib import Path

from anabranch.api.interactive import is_interactive, last_error

_MOST = 1000  # of a process that describes jobs and drops them, for ever

_numbers = itertools.count()
_origins: dict[int, str] = {}


def new_number() -> int:
    """Returns what `note` and `forget` take for one more job."""
    return next(_numbers)


def note(number: int, origin: str) -> None:
    """Takes note that a job was begun by this line of the user's code."""
    if len(_origins) < _MOST:
        _origins.setdefault(number, origin)


def forget(number: int) -> None:
    """Takes note that the job was submitted, or is not going to be."""
    _origins.pop(number, None)


def _report() -> None:
    if not _origins or is_interactive() or _is_installed() or "pytest" in sys.modules:  # its workers are not programs
        return
    if last_error() is not None:  # an exception or Ctrl-C has ended the script
        return
    first, *others = _origins.values()
    more = f" (and {len(others)} more)" if others else ""
    print(  # noqa: T201 - for whoever runs the script
        f"{first}: a job was described here and never run{more}; end it with ctx.execute(name) or ctx.submit(name)",
        file=sys.stderr,
    )


def _is_installed() -> bool:
    """Returns whether the program is an installed one, such as pytest, and not somebody's script."""
    import sysconfig  # noqa: PLC0415 - slow to import

    program = getattr(sys.modules["__main__"], "__file__", None)
    directories = (sysconfig.get_path(name) for name in ("scripts", "purelib", "platlib"))
    return program is not None and any(Path(program).absolute().is_relative_to(each) for each in directories)


os.register_at_fork(after_in_child=_origins.clear)  # they are jobs of the process that it was forked from
atexit.register(_report)  # now, so that it comes after what the program has registered, which may run a job
