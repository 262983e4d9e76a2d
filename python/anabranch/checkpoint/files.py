"""Files at a URL: any file system or object store that fsspec knows. A file is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from anabranch.durable import sync_directory

# What may open the place: a user's name and password, of which only the last may hold a slash; a signature.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/@\s]*|[^/@\s:]*:[^@\s]*)@")
_QUERY = re.compile(r"(?<=\?)[^\s:]*=[^\s:]*")


def without_credentials(text: str) -> str:
    """Returns a URL, or a message that holds some, as it may be shown to anybody."""
    return _QUERY.sub("***", _CREDENTIALS.sub("***@", text))


def reason_of(error: Exception) -> str:
    """Returns what a file system's library says of an error, as it may be shown to anybody; else the error's name."""
    return without_credentials(str(error)) or type(error).__name__


class Files:
    """Reads and writes files by their path below a URL. Errors are those of the file system's own library.

    On a local file system, a file that was written survives the loss of power; a process killed while it writes
    leaves nothing but a file with a leading dot. On an object store a put is as good. Elsewhere (say, on SFTP) a
    torn file can be left behind: readers check what they read.

    Raises:
        ValueError: The URL's protocol is unknown.
        ImportError: The package for the URL's protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        # Slow to import, and most short jobs have no checkpoints.
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415
        from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # noqa: PLC0415

        self._fs, root = url_to_fs(url)
        self._is_local = isinstance(self._fs, LocalFileSystem)
        self._root = root.rstrip("/")

    def write(self, path: str, parts: Sequence[bytes]) -> None:
        """Writes the parts, one after the other, as one file, and makes the directories it needs."""
        full = self._full(path)
        if self._is_local:
            _write_durably(Path(full), parts)
            return
        data = b"".join(parts)
        try:
            self._fs.pipe_file(full, data)
        except FileNotFoundError:  # not an object store: directories do not come by themselves
            self._fs.makedirs(full.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(full, data)

    def read(self, path: str) -> bytes:
        """Returns a file's bytes.

        Raises:
            FileNotFoundError: There is no such file.
        """
        data: bytes = self._fs.cat_file(self._full(path))
        return data

    def read_range(self, path: str, start: int, end: int) -> bytes:
        """Returns the bytes of a file from `start` to before `end`, fewer of a shorter one.

        Raises:
            FileNotFoundError: There is no such file.
        """
        data: bytes = self._fs.cat_file(self._full(path), start=start, end=end)
        return data

    def read_heads(self, paths: Sequence[str], n_bytes: int) -> list[bytes]:
        """Returns the first bytes of each file, fewer of a shorter one; asks for them all at once where that helps.

        Raises:
            FileNotFoundError: There is no such file.
        """
        full = [self._full(path) for path in paths]
        return list(self._fs.cat_ranges(full, [0] * len(full), [n_bytes] * len(full), on_error="raise"))

    def sizes(self, directory: str) -> dict[str, int]:
        """Returns the names in a directory with their sizes in bytes; nothing if there is no such directory."""
        self._fs.invalidate_cache()  # others write too
        try:
            entries = self._fs.ls(self._full(directory), detail=True)
        except FileNotFoundError:
            return {}
        return {entry["name"].rstrip("/").rpartition("/")[2]: entry["size"] or 0 for entry in entries}

    def remove(self, path: str) -> None:
        """Removes a file, or a directory with all that is in it, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(self._full(path), recursive=True)

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def _write_durably(path: Path, parts: Sequence[bytes]) -> None:
    _make_directory(path.parent)
    fd, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(fd, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(fd)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _make_directory(path: Path) -> None:
    """Creates a directory, private to the user, whose name survives the loss of power, and so those above it."""
    if path.is_dir():
        return
    _make_directory(path.parent)
    with contextlib.suppress(FileExistsError):  # another task was quicker
        path.mkdir(mode=0o700)
    sync_directory(path.parent)
