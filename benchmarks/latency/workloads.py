"""Latency at a low and at a high rate."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Contender, Workload
from benchmarks.latency.job import expected

SECONDS = 16
_FIGURES = {"p50_ms": "p50, ms", "p99_ms": "p99, ms", "p999_ms": "p99.9, ms", "max_ms": "max, ms"}
# The source of the second contender gathers the records of a millisecond. At a low rate there are none to gather.
_TICKS = {"anabranch": 0, "anabranch-1ms": 1000}


def workloads() -> Iterator[Workload]:
    """Creates a workload for each rate."""
    for rate, ticks in ((1_000, ["anabranch"]), (50_000, list(_TICKS))):
        contenders = [
            Contender(
                name,
                "Anabranch" + (", source that looks at the clock every millisecond" if _TICKS[name] else ""),
                ["{python}", "-m", "benchmarks.latency", "{records}", f"--rate={rate}", f"--tick-us={_TICKS[name]}"],
            )
            for name in ticks
        ]
        yield Workload(
            f"latency-{rate // 1000}k",
            f"Python -> Java identity map -> Python at {rate:,} records/s, (int, int), parallelism 1",
            rate * SECONDS,
            contenders,
            expected,
            metric="p99_ms",
            higher_is_better=False,
            figures=_FIGURES,
            notes=[
                "Open loop: latency counts from when a record was due. The first quarter of the run does not count."
            ],
        )
