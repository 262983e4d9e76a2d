"""The end of a worker's process, as any Python process ends, but in limited time and whatever threads still run.

An interpreter's own end would wait for every thread of a function unless it is a daemon, and for exit handlers.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import socket
import threading
import time
from typing import NoReturn

from anabranch.task import stdio

# For exit handlers and files together; the master waits longer than this.
_TIMEOUT = 2.0

_IO_BASE = io.IOBase.__mro__[1]  # without the abstract class, whose check asks the class of each object
_BUFFERED = (io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)
# Closing these writes nothing, or is the affair of those around them.
_LEFT_OPEN = (*_BUFFERED, io.BufferedReader, io.TextIOWrapper, io.FileIO, io.BytesIO, io.StringIO, socket.SocketIO)


def end_process(exit_code: int) -> NoReturn:
    """Runs the exit handlers, writes out what is in the buffers of open files, and ends the process."""

    def end_late() -> None:
        time.sleep(_TIMEOUT)
        with contextlib.suppress(BaseException):
            stdio.finish_all_lines()
        os._exit(exit_code)

    threading.Thread(target=end_late, name="end", daemon=True).start()
    gc.disable()  # of a cycle with an open file in it, it may close the file before its buffer is written
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 - nothing else runs them, and the interpreter's own end is not wanted
    with contextlib.suppress(BaseException):
        write_out_files()
    with contextlib.suppress(BaseException):
        stdio.finish_all_lines()
    os._exit(exit_code)


def write_out_files() -> None:
    """Writes out what is in the buffers of files that nobody has closed."""
    files = [each for each in gc.get_objects() if issubclass(type(each), _IO_BASE)]
    # From the outside in: text goes to what may compress it, and that to the file.
    for file in files:
        if issubclass(type(file), io.TextIOWrapper):
            _try(file.flush)
    for file in files:
        if not issubclass(type(file), (*_LEFT_OPEN, stdio.LineBuffer)):
            _try(file.close)
    for file in files:
        if issubclass(type(file), _BUFFERED):
            _try(file.flush)


def _try(step: object) -> None:
    with contextlib.suppress(BaseException):  # closed, for reading only, a full disk, or a user's own class
        step()  # type: ignore[operator]
