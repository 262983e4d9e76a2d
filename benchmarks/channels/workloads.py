"""Two hundred subtasks in few workers."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Contender, Workload
from benchmarks.shuffle.job import expected

RECORDS = 20_000
_FIGURES = {
    "channels": "channels",
    "workers": "workers",
    "memory_mib": "memory of the workers, MiB",
    "idle_percent": "idle, % of a core",
    "idle_master_percent": "idle master, % of a core",
    "files": "open files",
}


def workloads() -> Iterator[Workload]:
    """Creates one workload; a process has at most so many open files, and a channel takes one at either end."""
    yield Workload(
        "channels",
        "200 subtasks, every one of 100 sources to every one of 100 reduces",
        RECORDS,
        [
            _contender("python", 100, "--waits"),
            _contender("python", 100),
            _contender("python", 10, "--waits"),
            _contender("java", 100, "--waits"),
            _contender("java", 100),
        ],
        expected,
        metric="idle_percent",
        higher_is_better=False,
        figures=_FIGURES,
        notes=["A source that waits sleeps a second in fetch; one that polls returns at once without a record."],
    )


def _contender(language: str, tasks_per_worker: int, *options: str) -> Contender:
    how = "wait" if "--waits" in options else "poll"
    return Contender(
        f"anabranch-{language}-{how}s-{tasks_per_worker}",
        f"Anabranch in {language.capitalize()}, {tasks_per_worker} tasks in a worker, sources that {how}",
        [
            *("{python}", "-m", "benchmarks.channels", language, "{records}", *options),
            *("--option", f"anabranch.{language}.tasks-per-worker={tasks_per_worker}"),
        ],
    )
