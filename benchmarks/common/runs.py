"""How a contender that is a job runs and prints what it found."""

from __future__ import annotations

from collections.abc import Iterable

from anabranch import StreamingContext
from benchmarks.common.digest import check
from benchmarks.common.marks import Marks
from benchmarks.harness.emit import emit


def context(options: Iterable[str] = ()) -> StreamingContext:
    """Returns a context without progress table; each option is `name=value`."""
    ctx = StreamingContext.Builder().option("anabranch.progress", "off").build()
    for option in options:
        name, _, value = option.partition("=")
        ctx.option(name, value)
    return ctx


def check_of(marks: Marks) -> str:
    """Returns the check of a run whose sinks found counts and sums."""
    return check(sum(count for count, _ in marks.findings), sum(total for _, total in marks.findings))


def report(marks: Marks, records: int, check: str, **figures: float) -> None:
    """Prints the line that the harness reads."""
    emit(marks.started_at, marks.ended_at, records, check, **figures)
