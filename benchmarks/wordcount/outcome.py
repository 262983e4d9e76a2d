"""How subtasks hand over what they found: `started-I` and `ended-I` in a directory, in either language.

`started-I` holds the time of the first line; `ended-I` the time of the last count, then a line for each word.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.wordcount.words import Count, to_check


class Counted(NamedTuple):
    """What a run found."""

    started_at: float
    ended_at: float
    check: str


def write_counts(results: Path, index: int | str, ended: float, counts: Mapping[str, int]) -> None:
    """Writes what a sink found."""
    rows = "".join(f"\n{word} {count}" for word, count in counts.items())
    (results / f"ended-{index}").write_text(f"{ended}{rows}")


def read(results: Path) -> Counted:
    """Reads what all subtasks have found; a word that two sinks have makes the check wrong."""
    started = min(float(path.read_text()) for path in results.glob("started-*"))
    ended = 0.0
    counts: list[Count] = []
    for path in results.glob("ended-*"):
        head, *rows = path.read_text().splitlines()
        ended = max(ended, float(head))
        counts += ((word, int(count)) for word, count in (row.split() for row in rows))
    return Counted(started, ended, to_check(counts))
