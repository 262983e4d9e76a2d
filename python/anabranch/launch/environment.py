"""What a process that this one starts inherits: the environment, and how Python was started."""

from __future__ import annotations

import os
import subprocess
import sys

# They open more than the job that runs there: its functions, and the programs that those start, need none of them.
_SECRETS = ("ANABRANCH_GATEWAY_TOKEN", "ANABRANCH_TOKEN")
# A worker is told things by PYTHON... variables that these would have it ignore.
_IGNORING = ("-E", "-I")


def inherited() -> dict[str, str]:
    """Returns a copy of the environment without secrets, and without what this interpreter ignores (`python -E`)."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _SECRETS and not (sys.flags.ignore_environment and name.startswith("PYTHON"))
    }


def interpreter_flags() -> list[str]:
    """Returns the flags of this interpreter that hold for its workers too: -O, -W, -X and so on."""
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing
    return [flag for flag in flags if flag not in _IGNORING]
