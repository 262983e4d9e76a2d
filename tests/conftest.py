"""What all tests share: a temporary directory of their own, programs that Ctrl-C ends, and no limits of time."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# A busy machine takes its time over an example, and so over making one: neither says anything about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Nobody else's files are in it, and nobody else's programs clean it up; a short name, for sockets are made there.
_DIRECTORY = tempfile.mkdtemp(prefix="at-")


def pytest_configure() -> None:
    os.environ["TMPDIR"] = _DIRECTORY
    tempfile.tempdir = None  # it is looked up again
    # A shell starts what runs in the background (`make test &`, nohup) with SIGINT ignored, and so would be every
    # program that a test starts. A handler is not inherited, and does nothing here either.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)


def pytest_sessionfinish(exitstatus: int) -> None:
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):  # else there is something to look at
        shutil.rmtree(_DIRECTORY, ignore_errors=True)
