"""A million records over the border and back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.crossing.shapes import SHAPES, reference
from benchmarks.harness import Contender, Workload

RECORDS = 1_000_000
# PyFlink's modes differ by the way between the JVM and Python: in one process, or by gRPC.
_PYFLINK_RECORDS = {"thread": 200_000, "process": 100_000}


def workloads() -> Iterator[Workload]:
    """Makes a workload for each kind of record and each direction."""
    for name, shape in SHAPES.items():
        for java_ends in (False, True):
            yield _workload(name, shape.title, java_ends=java_ends)


def _workload(shape: str, title: str, *, java_ends: bool) -> Workload:
    name = ("crossing-java" if java_ends else "crossing") + ("" if shape == "pair" else f"-{shape}")
    way = "Java -> Python identity map -> Java" if java_ends else "Python -> Java identity map -> Python"
    ends = ["--java-ends"] if java_ends else []
    contenders = [
        Contender(
            "anabranch", "Anabranch", ["{python}", "-m", "benchmarks.crossing.engine", shape, "{records}", *ends]
        ),
    ]
    if not java_ends:
        pipe = ["{python}", "-m", "benchmarks.crossing.pipe", shape, "{records}"]
        contenders.append(Contender("pipe", "two Python processes and a pipe by hand, same codec, no Java", pipe))
    for mode, records in _PYFLINK_RECORDS.items():
        command = ["{python}", "-m", "benchmarks.peers.pyflink.crossing", shape, "{records}", mode, *ends]
        contenders.append(Contender(f"pyflink-{mode}", f"PyFlink, {mode} mode", command, "pyflink", records))
    return Workload(
        name,
        f"{way}, {title}, parallelism 1",
        RECORDS,
        contenders,
        partial(reference, shape),
        in_bench=name == "crossing",
    )
