"""When a run began and ended, and what its sinks found: files that subtasks of either language write."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Marks:
    """A directory of marks. `com.acme.bench.Marks` writes the same files: both languages read one monotonic clock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def started(self, index: int, when: float) -> None:
        """Writes when a source subtask emitted its first record, in seconds of `time.monotonic`."""
        self._write(f"started-{index}.json", when)

    def ended(self, index: int, found: Any) -> None:
        """Writes that a sink subtask has had its last record just now, and what it found."""
        self._write(f"ended-{index}.json", [time.monotonic(), found])

    @property
    def started_at(self) -> float:
        """When the first source emitted its first record."""
        return float(min(self._read("started-*.json")))

    @property
    def ended_at(self) -> float:
        """When the last sink had its last record."""
        return float(max(when for when, _ in self._ends()))

    @property
    def findings(self) -> list[Any]:
        """What each sink subtask found."""
        return [found for _, found in self._ends()]

    def _ends(self) -> list[tuple[float, Any]]:
        return self._read("ended-*.json")

    def _read(self, pattern: str) -> list[Any]:
        return [json.loads(path.read_text()) for path in sorted(self.directory.glob(pattern))]

    def _write(self, name: str, value: Any) -> None:
        (self.directory / name).write_text(json.dumps(value))


@contextmanager
def marks() -> Iterator[Marks]:
    """Creates an empty directory of marks and removes it at the end."""
    directory = Path(tempfile.mkdtemp(prefix="anabranch-bench-"))
    try:
        yield Marks(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
