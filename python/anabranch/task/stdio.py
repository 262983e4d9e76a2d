"""Standard output of a worker: whole lines only, whatever thread writes them."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from anabranch import forks
from anabranch.line_ends import LineEnds

# Text without an end of line is not held for ever.
_MOST_HELD = 64 << 10


class LineBuffer(io.BufferedIOBase):
    """Passes bytes on one whole line at a time, so that lines of several tasks never mix.

    `print("a", 1)` writes in four pieces; each thread has a line of its own until it is complete, also if it flushes.
    """

    def __init__(self, pass_on: Callable[[bytes], None], fd: int, name: str) -> None:
        """Makes an empty buffer.

        Args:
            pass_on: Takes whole lines, or parts of very long ones, on any thread but one at a time.
            fd: What stands for this stream where a file descriptor is wanted.
            name: Of the stream.
        """
        self.name = name
        self._pass_on = pass_on
        self._fd = fd
        self._lock = threading.Lock()
        self._forked = False
        self._own = threading.local()
        self._unfinished: dict[int, bytearray] = {}  # by thread

    def writable(self) -> bool:  # noqa: D102
        return True

    def fileno(self) -> int:  # noqa: D102
        return self._fd

    def write(self, data: Any, /) -> int:
        """Takes bytes; passes on what completes a line."""
        line = self._line()
        given: bytes = self._own.ends.translate(bytes(data))
        end = given.rfind(b"\n") + 1
        if end:
            whole = bytes(line) + given[:end]
            line.clear()
            self._send(whole)
        line += given[end:]
        if len(line) > _MOST_HELD:
            self._send_all(line)
        return len(data)

    def flush(self) -> None:
        """Passes on nothing: an unfinished line waits for its end. Only a forked process passes on what it has."""
        if self._forked and not self.closed:
            self._send_all(self._line())

    def finish(self) -> None:
        """Ends the calling thread's unfinished line."""
        if self._line():
            self.write(b"\n")

    def finish_all(self) -> None:
        """Ends the unfinished lines of all threads."""
        for line in list(self._unfinished.values()):
            if line:
                line.append(ord("\n"))
                self._send_all(line)

    def forked(self) -> None:
        """Takes note that this is a new process with one thread: what was unfinished is its parent's."""
        self._lock = threading.Lock()
        self._forked = True
        for line in self._unfinished.values():
            line.clear()

    def _line(self) -> bytearray:
        line: bytearray | None = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = bytearray()
            self._own.ends = LineEnds()
            left = self._unfinished.get(threading.get_ident())  # by a thread that has ended
            self._unfinished[threading.get_ident()] = line
            if left:
                self._send(bytes(left) + b"\n")
        return line

    def _send_all(self, line: bytearray) -> None:
        data = bytes(line)
        line.clear()
        if data:
            self._send(data)

    def _send(self, data: bytes) -> None:
        with self._lock:
            self._pass_on(data)


def line_stream(pass_on: Callable[[bytes], None], fd: int, name: str, errors: str = "strict") -> io.TextIOWrapper:
    """Returns a text stream over a `LineBuffer`, which can do what `sys.stdout` can; always in UTF-8."""
    stream = io.TextIOWrapper(
        LineBuffer(pass_on, fd, name), encoding="utf-8", errors=errors, newline="\n", write_through=True
    )
    vars(stream)["mode"] = "w"
    return stream


def install() -> None:
    """Makes `sys.stdout` and `sys.stderr` line streams."""
    for fd, name in ((1, "stdout"), (2, "stderr")):
        errors = getattr(getattr(sys, name), "errors", None) or "backslashreplace"
        replace(fd, name, partial(_write, fd), errors)


def replace(fd: int, name: str, pass_on: Callable[[bytes], None], errors: str) -> None:
    """Makes one of `sys.stdout` and `sys.stderr` a line stream.

    Args:
        fd: Its file descriptor, which a forked process writes to.
        name: "stdout" or "stderr".
        pass_on: See `LineBuffer`.
        errors: What becomes of characters that UTF-8 has no code for.
    """
    stream = line_stream(lambda data: _write(fd, data) if forks.in_child else pass_on(data), fd, f"<{name}>", errors)
    os.register_at_fork(after_in_child=_buffer_of(stream).forked)
    setattr(sys, name, stream)


def forward(pass_on: Callable[[str, str], None]) -> Callable[[], None]:
    """Has what is printed passed on line by line, with the name of its stream; returns what ends that.

    Afterwards lines are written to the process's own streams.
    """
    passing = True

    def send(fd: int, stream: str, data: bytes) -> None:
        if not passing:
            _write(fd, data)
            return
        for line in data.decode("utf-8", "replace").removesuffix("\n").split("\n"):
            pass_on(stream, line)

    def stop() -> None:
        nonlocal passing
        passing = False

    for fd, stream in ((1, "stdout"), (2, "stderr")):
        replace(fd, stream, partial(send, fd, stream), "backslashreplace")
    return stop


def finish_lines() -> None:
    """Ends the unfinished lines that the calling thread has printed."""
    for buffer in _buffers():
        buffer.finish()


def finish_all_lines() -> None:
    """Ends the unfinished lines that any thread has printed."""
    for buffer in _buffers():
        buffer.finish_all()


def _buffers() -> list[LineBuffer]:
    streams = (getattr(sys.stdout, "buffer", None), getattr(sys.stderr, "buffer", None))
    return [buffer for buffer in streams if isinstance(buffer, LineBuffer) and not buffer.closed]


def _buffer_of(stream: io.TextIOWrapper) -> LineBuffer:
    buffer = stream.buffer
    assert isinstance(buffer, LineBuffer)  # noqa: S101 - it was made so
    return buffer


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
