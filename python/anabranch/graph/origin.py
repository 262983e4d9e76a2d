"""Where in the user's code something was called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"  # not a neighbour whose name merely begins alike


def caller_origin() -> str:
    """Returns "file:line" of the innermost frame outside of this package, or "" if there is none."""
    frame = sys._getframe(1)  # noqa: SLF001 - documented, and what the inspect module itself uses
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
