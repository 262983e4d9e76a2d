"""A sink that writes lines to files, each record exactly once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from anabranch.api.functions import TransactionalSinkFunction
from anabranch.api.runtime_context import RuntimeContext

_IN_PROGRESS = ".in-progress"


class FileSink(TransactionalSinkFunction[Any]):
    """Writes one line for each record, to `part-…` files in a directory that all subtasks share.

    The records between two checkpoints make a file of their own, which appears, whole, when the later one is complete;
    without checkpoints one file for each subtask appears at the end. Until then its name begins with a dot. Records of
    one subtask are in order within a file.
    """

    def __init__(self, directory: str | Path, to_line: Callable[[Any], str] = str) -> None:
        """Takes the directory, which is made if it does not exist, and what makes a line of a record."""
        self._directory = Path(directory).resolve()
        self._to_line = to_line
        self._subtask = 0
        self._file: TextIO | None = None
        self._name = ""
        self._has_cleaned = False

    def open(self, ctx: RuntimeContext) -> None:  # noqa: D102
        self._subtask = ctx.get_task_index()
        self._directory.mkdir(parents=True, exist_ok=True)

    def begin_transaction(self) -> None:  # noqa: D102
        self._clean()
        self._name = f"part-{self._subtask:05d}-{uuid.uuid4().hex}"
        self._file = (self._directory / f".{self._name}{_IN_PROGRESS}").open("w", encoding="utf-8")

    def sink(self, value: Any) -> None:  # noqa: D102
        assert self._file is not None  # noqa: S101 - a transaction was begun
        self._file.write(f"{self._to_line(value)}\n")

    def pre_commit(self, checkpoint: int) -> str:  # noqa: ARG002, D102
        assert self._file is not None  # noqa: S101 - a transaction was begun
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        return self._name

    def commit(self, handle: str) -> None:  # noqa: D102
        hidden, visible = self._directory / f".{handle}{_IN_PROGRESS}", self._directory / handle
        if hidden.exists():
            hidden.rename(visible)
            descriptor = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        elif not visible.exists():
            raise FileNotFoundError(f"{visible} was written before a checkpoint and is gone")

    def close(self) -> None:  # noqa: D102
        if self._file is not None:
            self._file.close()

    def _clean(self) -> None:
        """Removes what incarnations of this subtask have left that died in a transaction."""
        if not self._has_cleaned:
            self._has_cleaned = True
            for left in self._directory.glob(f".part-{self._subtask:05d}-*{_IN_PROGRESS}"):
                left.unlink(missing_ok=True)
