"""Standard output of a worker: whole lines only, whatever thread writes them."""

from __future__ import annotations

import io
import sys
import threading
from typing import TextIO


class LineWriter(io.TextIOBase):
    """Passes text on one whole line at a time, so that lines of several tasks never mix.

    `print("a", 1)` writes in four pieces; each thread has a line of its own until it is complete.
    """

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._unfinished = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the stream below."""
        return self._target.encoding

    def writable(self) -> bool:  # noqa: D102
        return True

    def fileno(self) -> int:  # noqa: D102
        return self._target.fileno()

    def write(self, text: str) -> int:
        """Takes text; passes on what completes a line."""
        pending = getattr(self._unfinished, "text", "") + text
        whole, newline, rest = pending.rpartition("\n")
        self._unfinished.text = rest
        if newline:
            self._target.write(whole + newline)
            self._target.flush()
        return len(text)

    def flush(self) -> None:
        """Passes on nothing: an unfinished line waits for its end."""

    def finish(self) -> None:
        """Ends the calling thread's unfinished line."""
        if getattr(self._unfinished, "text", ""):
            self.write("\n")


def install() -> None:
    """Makes `sys.stdout` and `sys.stderr` line writers."""
    for name in ("stdout", "stderr"):
        setattr(sys, name, LineWriter(getattr(sys, name)))


def finish_lines() -> None:
    """Ends the unfinished lines that the calling thread has printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LineWriter):
            stream.finish()
