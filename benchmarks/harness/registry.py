"""All workloads by name. A module that has some is listed here and has a function `workloads()`."""

from __future__ import annotations

from importlib import import_module

from benchmarks.harness.workload import Workload

MODULES = (
    "benchmarks.crossing.workloads",
    "benchmarks.wordcount.workloads",
    "benchmarks.startup.workloads",
    "benchmarks.latency.workloads",
    "benchmarks.shuffle.workloads",
    "benchmarks.nexmark.workloads",
    "benchmarks.channels.workloads",
)


def workloads() -> dict[str, Workload]:
    """Returns the workloads in the order in which they are run."""
    found: dict[str, Workload] = {}
    for module in MODULES:
        for workload in import_module(module).workloads():
            if workload.name in found:
                raise ValueError(f"two workloads are called {workload.name}")
            found[workload.name] = workload
    return found
