"""How a contender that is a job runs and prints what it found, as the last line of its output."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from anabranch import StreamingContext
from benchmarks.common.digest import check
from benchmarks.common.marks import Marks


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


def report(seconds: float, records: int, check: str, **figures: Any) -> None:
    """Prints the line that the harness reads."""
    print(json.dumps({"seconds": seconds, "records": records, "check": check, **figures}), flush=True)
