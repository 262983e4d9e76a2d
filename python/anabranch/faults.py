"""Named places at which a test has a worker killed. Without ANABRANCH_FAULT they do nothing."""

from __future__ import annotations

import os
import signal

# The place, and a file that the worker makes that is killed there: only the first one is.
_PLACE = os.environ.get("ANABRANCH_FAULT", "")
_FILE = os.environ.get("ANABRANCH_FAULT_FILE", "")


def reach(place: str) -> None:
    """Kills this process if a test wants that here."""
    if place == _PLACE:
        try:
            os.close(os.open(_FILE, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
