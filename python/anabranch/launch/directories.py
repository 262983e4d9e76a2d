"""Directories in a place that others may write to, as the temporary directory is: only what is ours is believed.

Anybody may have made a directory, or a link, of whatever name is known beforehand. So names are drawn by lot or from a
secret, and what is there is used only if it belongs to this user and nobody else may enter it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "anabranch-job-"
_NAME = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")
_LONGEST = 80  # a Unix socket's path may have 107 bytes, 103 on some systems


class JobDirectory:
    """The directory of one job on this host, which nobody but the user may enter.

    A lock on the directory says that the job lives. Unlike a process id it means the same in every container that
    shares the temporary directory, and whatever ends the process takes it back.
    """

    def __init__(self) -> None:
        """Creates the directory, and removes those of jobs that have ended.

        Raises:
            OSError: It cannot be made.
        """
        base = tempfile.gettempdir()
        if len(base) > _LONGEST:
            base = "/tmp"  # noqa: S108 - mkdtemp makes a directory that only the user may enter
        _remove_left(base)
        while True:
            self.path = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
            self._lock = _open(self.path)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if _is_at(self.path, self._lock):
                return
            os.close(self._lock)  # whoever began just then has removed it, as nobody had the lock yet

    def remove(self) -> None:
        """Removes the directory; harmless if that was done."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def make_own(directory: str | Path) -> None:
    """Creates a directory that nobody else may enter, or sees to it that what is there is one.

    Raises:
        OSError: It cannot be made, or what is there is a link, belongs to somebody else or is open to others.
    """
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)  # noqa: PTH102 - text or path
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{directory} is in the way: it is a link or a file; remove it")
    if found.st_uid != os.getuid():
        raise PermissionError(f"{directory} belongs to user {found.st_uid}, not to user {os.getuid()}")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{directory} is open to other users; it must have mode 0700")


def is_trusted(path: str | Path) -> bool:
    """Returns whether a file or directory is there and nobody but this user and root decides what it holds."""
    with contextlib.suppress(OSError):
        real = Path(path).resolve(strict=True)
        return all(_belongs_to_us(each.stat()) for each in (real, *real.parents))
    return False


def _belongs_to_us(found: os.stat_result) -> bool:
    if found.st_uid not in (0, os.getuid()):
        return False
    return not found.st_mode & stat.S_IWOTH or bool(found.st_mode & stat.S_ISVTX)


def _remove_left(base: str) -> None:
    """Removes the directories of jobs whose processes have ended; whatever else is there is left alone."""
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(base) if _NAME.fullmatch(name)]  # noqa: PTH208 - names are wanted
        for path in (f"{base}/{name}" for name in names):
            with contextlib.suppress(OSError), _locked(path):
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Holds the lock of a directory of this user's.

    Raises:
        OSError: It is none, or its job lives.
    """
    lock = _open(path)
    try:
        if os.fstat(lock).st_uid != os.getuid():
            raise PermissionError(path)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _is_at(path: str, opened: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.lstat(path), os.fstat(opened))
    return False
