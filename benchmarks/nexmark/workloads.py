"""A workload for each query."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.harness import Contender, Workload
from benchmarks.nexmark.jobs import QUERIES, VERSIONS
from benchmarks.nexmark.reference import expected

EVENTS = 2_000_000


def workloads() -> Iterator[Workload]:
    """Creates the workloads, with a contender for each choice of languages."""
    for name, query in QUERIES.items():
        contenders = [
            Contender(
                f"anabranch-{version}",
                f"Anabranch, source and sink in {outside}, query in {inside}",
                ["{python}", "-m", "benchmarks.nexmark", name, version, "{records}"],
            )
            for version, (outside, inside) in VERSIONS.items()
        ]
        yield Workload(
            f"nexmark-{name}",
            f"Nexmark {name}, {query.title}, parallelism 1",
            EVENTS,
            contenders,
            partial(expected, name),
            unit="events",
            notes=["The source makes the events while the query runs; that is most of the work of a Python source."],
        )
