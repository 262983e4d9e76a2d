"""Two million pairs from four subtasks to four."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Contender, Workload
from benchmarks.shuffle.job import KEYS, PARALLELISM, VERSIONS, expected


def workloads() -> Iterator[Workload]:
    """Creates one workload, with a contender for each choice of languages."""
    contenders = [
        Contender(
            f"anabranch-{version}",
            f"Anabranch, {' -> '.join(languages)}",
            ["{python}", "-m", "benchmarks.shuffle", version, "{records}"],
        )
        for version, languages in VERSIONS.items()
    ]
    yield Workload(
        "shuffle",
        f"source -> key_by -> reduce -> sink, (str, int), {KEYS:,} keys, parallelism {PARALLELISM}",
        2_000_000,
        contenders,
        expected,
        notes=["The languages are those of the source with key_by, of the reduce and of the sink."],
    )
