"""Entry point of a worker process that a launcher has started."""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import signal
import sys
import threading

from anabranch import forks, open_files
from anabranch.task import stdio
from anabranch.task.advice import no_debugger
from anabranch.worker import event_loops, script_names
from anabranch.worker.process_end import end_process
from anabranch.worker.worker import Worker

WORKER_ID = "ANABRANCH_WORKER_ID"
MASTER = "ANABRANCH_MASTER"
TOKEN = "ANABRANCH_TOKEN"  # noqa: S105 - the name of the variable, not a secret
PARENT = "ANABRANCH_PARENT"
LIFELINE = "ANABRANCH_LIFELINE"
# Set if the master is to be told what each task prints; else it reads the process's streams.
FORWARD_LINES = "ANABRANCH_FORWARD_LINES"

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Runs one worker, as told by environment variables, and ends the process."""
    faulthandler.enable()
    # Ctrl-C is for the driver, which then cancels the job. Not SIG_IGN, which the programs of functions would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    stdio.install()
    script_names.install()
    event_loops.install()
    forks.watch()
    sys.breakpointhook = no_debugger
    _show_warnings()
    open_files.raise_limit()
    _die_with_parent()
    # All of this is for this process, and not for the children of user code.
    worker = Worker(os.environ.pop(WORKER_ID), os.environ.pop(MASTER), os.environ.pop(TOKEN))
    stop_forwarding = stdio.forward(worker.printed) if os.environ.pop(FORWARD_LINES, "") else lambda: None
    orderly = worker.run()
    stop_forwarding()  # the master has ended
    end_process(0 if orderly else 1)


def _show_warnings() -> None:
    """Has the engine's warnings printed. The root logger is the user's, to be configured as in any process."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    engine = logging.getLogger("anabranch")
    engine.addHandler(handler)
    engine.propagate = False


def _die_with_parent() -> None:
    """Ends this process when its parent ends, even while user code holds the interpreter lock."""
    parent = int(os.environ.pop(PARENT))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    lifeline = int(os.environ.pop(LIFELINE))
    os.set_inheritable(lifeline, False)  # not for the children of user code

    def watch() -> None:
        os.read(lifeline, 1)  # ends when the parent, which holds the other end, does
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()


if __name__ == "__main__":
    main()
