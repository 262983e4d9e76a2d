"""A source of the lines of a file."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from anabranch.api.functions import EndOfData, SourceContext, SourceFunction
from anabranch.api.runtime_context import RuntimeContext
from anabranch.errors import JobGraphError

_CHUNK_BYTES = 256 << 10
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class TextFileSource(SourceFunction[str]):
    r"""Emits the lines of a UTF-8 file without their line ends (``\n`` or ``\r\n``).

    Subtask i of n reads the lines that *begin* in the i-th of n equal byte ranges, so each line is read once at any
    parallelism, however long it is. The last line counts whether or not it ends with a newline. Lines that are
    added to the file after the job was built are not read. A byte order mark at the beginning is not part of a line.
    """

    def __init__(self, filename: str | Path) -> None:
        """Remembers the absolute path.

        Raises:
            JobGraphError: There is no such file, or it is a directory or of another kind that has no size.
        """
        self._path = Path(filename).resolve()
        if not self._path.exists():
            raise JobGraphError(f"there is no file {str(filename)!r} (looked at {self._path})")
        problem = _why_not_shared_out(self._path)
        if problem is not None:
            raise JobGraphError(f"{self._path} {problem}")
        self._size = self._path.stat().st_size  # all subtasks share out one size, even while the file grows
        self._parallelism = self._index = 0
        self._file: BinaryIO | None = None
        self._position = self._end = 0
        self._lines: list[bytes] = []  # read and not emitted, from an index on
        self._next_line = 0

    def init(self, parallelism: int, index: int) -> None:  # noqa: D102
        self._parallelism, self._index = parallelism, index

    def open(self, ctx: RuntimeContext) -> None:  # noqa: ARG002, D102
        size = self._path.stat().st_size
        if size < self._size:
            raise OSError(f"{self._path} has shrunk from {self._size} to {size} bytes since the job was built")
        self._position = self._size * self._index // self._parallelism
        self._end = self._size * (self._index + 1) // self._parallelism
        self._file = self._path.open("rb")
        if self._position > 0:
            # A line that begins exactly here is ours; it does if the byte before ends another.
            self._file.seek(self._position - 1)
            self._position += len(self._file.readline()) - 1

    def save_checkpoint(self) -> int:  # noqa: D102
        return self._position

    def load_checkpoint(self, saved: int) -> None:  # noqa: D102
        assert self._file is not None  # noqa: S101 - open comes first
        self._position = saved
        self._file.seek(saved)
        self._lines, self._next_line = [], 0

    def fetch(self, ctx: SourceContext[str]) -> None:  # noqa: D102
        assert self._file is not None  # noqa: S101 - open comes first
        if self._position >= self._end:
            raise EndOfData
        if self._next_line == len(self._lines):
            room = min(_CHUNK_BYTES, self._end - self._position)
            # readlines stops after the line that takes it past its hint; a hint of 0 would mean the whole file.
            self._lines = self._file.readlines(room - 1) if room > 1 else [self._file.readline()]
            self._next_line = 0
        lines = self._lines[self._next_line : self._next_line + ctx.wanted]
        ctx.collect_many(self._decode(lines))
        self._next_line += len(lines)
        self._position += sum(map(len, lines))

    def close(self) -> None:  # noqa: D102
        if self._file is not None:
            self._file.close()

    def _decode(self, lines: list[bytes]) -> list[str]:
        result = []
        offset = self._position
        for line in lines:
            if offset == 0 and line == _BYTE_ORDER_MARK:
                break  # the file has nothing else
            mark = len(_BYTE_ORDER_MARK) if offset == 0 and line.startswith(_BYTE_ORDER_MARK) else 0
            try:
                result.append(line[mark:].decode().removesuffix("\n").removesuffix("\r"))
            except UnicodeDecodeError as error:
                where = f"{self._path}, byte {offset + mark + error.start}"
                raise ValueError(
                    f"{where}: not UTF-8: {error.reason}; read the file with a source of your own"
                ) from error
            offset += len(line)
        return result


def _why_not_shared_out(path: Path) -> str | None:
    """Returns why the lines of a file cannot be shared out by its size, or None if they can."""
    if path.is_dir():
        return "is a directory; name one file"
    if not path.is_file():
        return "is not a regular file; read it with a source of your own"
    if path.stat().st_size == 0 and _holds_something(path):
        return "has no size, so its lines cannot be shared out; read it with a source of your own"
    return None


def _holds_something(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(1) != b""
    except OSError:
        return False  # whoever opens it to read it will say why
