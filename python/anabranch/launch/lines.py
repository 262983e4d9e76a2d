"""Passes on what worker processes print, line by line."""

from __future__ import annotations

import codecs
import os
import selectors
import threading
from collections.abc import Callable
from typing import IO

from anabranch.line_ends import LineEnds

_LONGEST_LINE = 1 << 20


class LinePump:
    """Reads any number of pipes on one thread and calls back with each whole line."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="anabranch-output", daemon=True)
        self._thread.start()

    def add(self, pipe: IO[bytes], on_line: Callable[[str], None], on_end: Callable[[], None]) -> None:
        """Passes on the pipe's lines until its end, then calls `on_end`. The pipe is closed here."""
        os.set_blocking(pipe.fileno(), False)
        with self._lock:
            self._selector.register(pipe, selectors.EVENT_READ, _Lines(on_line, on_end))
        os.write(self._wake_write, b"\0")

    def close(self) -> None:
        """Ends the thread; lines not yet read are lost."""
        os.write(self._wake_write, b"q")
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    if b"q" in os.read(self._wake_read, 4096):
                        self._close_all()
                        return
                elif not key.data.feed(_read(key.fd)):
                    with self._lock:
                        self._selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
                    key.data.end()

    def _close_all(self) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)


class _Lines:
    """Cuts the bytes of one pipe into lines."""

    def __init__(self, on_line: Callable[[str], None], on_end: Callable[[], None]) -> None:
        self._on_line = on_line
        self._on_end = on_end
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._ends = LineEnds()
        self._unfinished: list[str] = []
        self._length = 0

    def feed(self, data: bytes | None) -> bool:
        """Takes bytes; None is nothing yet, empty is the end, for which False is returned."""
        if data is None:
            return True
        first, *rest = self._decoder.decode(self._ends.translate(data), final=not data).split("\n")
        self._unfinished.append(first)
        self._length += len(first)
        for text in rest:
            self._pass_on()
            self._unfinished, self._length = [text], len(text)
        if self._length and (not data or self._length > _LONGEST_LINE):
            self._pass_on()
        return bool(data)

    def _pass_on(self) -> None:
        self._on_line("".join(self._unfinished))
        self._unfinished, self._length = [], 0

    def end(self) -> None:
        self._on_end()


def _read(fd: int) -> bytes | None:
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return None
    except OSError:
        return b""
