"""A sink that writes lines to files, each record exactly once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

from anabranch.api.functions import TransactionalSinkFunction
from anabranch.api.runtime_context import RuntimeContext
from anabranch.durable import sync_directory

T = TypeVar("T")

_LAST_CHECKPOINT = 2**63 - 1
_IN_PROGRESS = ".in-progress"
# Of a name: whose it is (job, operator, subtask), incarnation, and number in the incarnation.
_NAME = re.compile(r"part-(?P<owner>.+)-(?P<incarnation>\d+)-(?P<number>\d+)")
_LONGEST_JOB = 80  # of a file name's 255 characters; a job id ends with what makes it unique


class FileSink(TransactionalSinkFunction[Any]):
    """Writes one line for each record, to `part-…` files in a directory that all subtasks share.

    The records between two checkpoints make a file of their own, which appears, whole, when the later one is complete;
    without checkpoints one file for each subtask appears at the end. Until then its name begins with a dot. Records of
    one subtask are in order within a file. Files that have appeared are never touched again: they may be moved away.

    Names are `part-<job>-<operator>-<subtask>-<incarnation>-<number>`, so any number of sinks and jobs may share the
    directory. While a job runs, a hidden file `.committed-<job>-<operator>-<subtask>` names the last file that was
    made to appear.
    """

    def __init__(self, directory: str | Path, to_line: Callable[[Any], str] = str) -> None:
        """Takes the directory, which is made if it does not exist, and what makes a line of a record."""
        self._directory = Path(directory).resolve()
        self._to_line = to_line
        self._owner = ""
        self._subtask = 0
        self._incarnation = 0
        self._transactions = 0
        self._file: TextIO | None = None
        self._name: str | None = None  # of the open file
        self._record_of_end: Path | None = None

    def open(self, ctx: RuntimeContext) -> None:  # noqa: D102
        job = re.sub(r"[^A-Za-z0-9_.-]", "_", _told(ctx, "job_id", "job"))[-_LONGEST_JOB:]
        self._subtask = _told(ctx, "task_index", 0)
        self._owner = f"{job}-{_told(ctx, 'operator_id', 0)}-{self._subtask:05d}"
        self._incarnation = _told(ctx, "incarnation", 0)
        self._make_directory()

    def begin_transaction(self) -> None:  # noqa: D102
        if not self._transactions:
            self._clean()
        self._transactions += 1

    def sink(self, value: Any) -> None:  # noqa: D102
        line = f"{self._to_line(value)}\n"
        if self._file is None:
            self._name = f"part-{self._owner}-{self._incarnation}-{self._transactions}"
            self._file = self._hidden(self._name).open("x", encoding="utf-8")
        self._file.write(line)

    def pre_commit(self, checkpoint: int) -> tuple[str | None, bool]:
        """Makes the file durable.

        Returns:
            The name of the file, None if there are no records; and whether no other will come.
        """
        name, self._name = self._name, None
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            sync_directory(self._directory)
        return name, checkpoint == _LAST_CHECKPOINT

    def commit(self, handle: tuple[str | None, bool]) -> None:
        """Makes the file appear, unless it has appeared before.

        Raises:
            FileNotFoundError: It is gone, and was never made to appear.
        """
        name, is_last = handle
        if name is not None:
            self._make_appear(name)
        if is_last:
            self._record_of_end = self._record_of(self._owner)

    def close(self) -> None:
        """Removes what must never appear, and, after the last commit, what need not be remembered any more."""
        if self._file is not None and self._name is not None:
            self._file.close()
            self._hidden(self._name).unlink(missing_ok=True)
        if self._record_of_end is not None:
            self._record_of_end.unlink(missing_ok=True)

    def _make_appear(self, name: str) -> None:
        hidden, visible = self._hidden(name), self._directory / name
        if hidden.exists():
            # First the record: whoever looks for the file after it has appeared may have taken it away.
            self._remember(name)
            hidden.rename(visible)
        elif not visible.exists() and not self._has_appeared(name):
            raise FileNotFoundError(f"{visible} was written before a checkpoint and no longer exists")
        sync_directory(self._directory)

    def _remember(self, name: str) -> None:
        record = self._record_of(_parsed(name)[0])
        new = record.with_name(f"{record.name}.new")
        with new.open("w", encoding="utf-8") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        new.replace(record)
        sync_directory(self._directory)

    def _has_appeared(self, name: str) -> bool:
        """Returns whether the file, or a later one of the same subtask, was made to appear: they do so in order."""
        owner, *number = _parsed(name)
        try:
            last = self._record_of(owner).read_text(encoding="utf-8")
        except FileNotFoundError:
            return False
        return number <= list(_parsed(last)[1:])

    def _hidden(self, name: str) -> Path:
        return self._directory / f".{name}{_IN_PROGRESS}"

    def _record_of(self, owner: str) -> Path:
        return self._directory / f".committed-{owner}"

    def _clean(self) -> None:
        """Removes what older incarnations of this subtask have left: all that counts has been committed."""
        for left in self._directory.iterdir():
            name = left.name
            if not name.startswith(f".part-{self._owner}-") or not name.endswith(_IN_PROGRESS):
                continue
            owner, incarnation, _ = _parsed(name[1 : -len(_IN_PROGRESS)])
            if owner == self._owner and incarnation < self._incarnation:
                left.unlink(missing_ok=True)

    def _make_directory(self) -> None:
        made = [path for path in (self._directory, *self._directory.parents) if not path.exists()]
        self._directory.mkdir(parents=True, exist_ok=True)
        for path in made:
            sync_directory(path.parent)


def _told(ctx: RuntimeContext, what: str, otherwise: T) -> T:
    """Returns what the context tells; a context made for a test may have less of it than that of a job."""
    told: T = getattr(ctx, what, otherwise)
    return told


def _parsed(name: str) -> tuple[str, int, int]:
    """Returns whose file it is, incarnation and number; an owner that nobody has for a name of another make."""
    match = _NAME.fullmatch(name)
    return ("", 0, 0) if match is None else (match["owner"], int(match["incarnation"]), int(match["number"]))
