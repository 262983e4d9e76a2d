"""Where the lines of a byte stream end: at each line feed, and at each carriage return that text comes after."""

from __future__ import annotations

import re

# From the first of a row on: from each one, a long row before a line feed would take time by the square of its length.
_RETURNS = re.compile(rb"(\A|\n)?(?<!\r)\r+(?![\r\n])")


class LineEnds:
    r"""Turns what else ends a line into a line feed, piece by piece.

    Progress bars are drawn with `"\r 10 %"`, `"\r 20 %"`: a carriage return ends the line before it, and at the
    beginning of a line it ends none. `"\r\n"` is one end of line and stays as it is.
    """

    def __init__(self) -> None:
        self._returned = False  # and it is not known yet what comes after that
        self._at_start = True  # of a line

    def translate(self, data: bytes) -> bytes:
        """Returns the next piece of the stream; a carriage return at its end waits for the one after it."""
        if self._returned or b"\r" in data:
            data = self._without_returns(b"\r" + data if self._returned else data)
        if data:
            self._at_start = data.endswith(b"\n")
        return data

    def _without_returns(self, data: bytes) -> bytes:
        text = data.rstrip(b"\r")
        self._returned = len(text) < len(data)
        return _RETURNS.sub(self._end_line, text)

    def _end_line(self, returns: re.Match[bytes]) -> bytes:
        before: bytes | None = returns[1]
        if before is None or (before == b"" and not self._at_start):
            return b"\n"
        return before
