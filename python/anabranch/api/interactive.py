"""Whether somebody types the program that describes jobs, line by line or cell by cell."""

from __future__ import annotations

import sys
from typing import Any


def running_shell() -> Any:
    """Returns the IPython shell that runs in this process, a notebook's kernel for one, or None."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def is_interactive() -> bool:
    """Returns whether the process has a prompt, at which an error ends nothing."""
    return hasattr(sys, "ps1") or running_shell() is not None


def last_error() -> object:
    """Returns the last exception that nobody has caught, or None."""
    return getattr(sys, "last_value", None)
