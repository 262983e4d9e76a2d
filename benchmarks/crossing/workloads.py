"""A million records to the other language and back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.crossing.shapes import SHAPES, reference
from benchmarks.harness import Contender, Workload
from benchmarks.java_classes import compile_java

RECORDS = 1_000_000
NOTES = (
    "PyFlink has no source in Python: its first operator makes a batch of records of each number of a Java source.",
    "For PyFlink a dict or an instance is a `Row` with named, typed fields, the counterpart that it has for them.",
    "The Java actor of Ray hands a batch on as bytes and never sees a record, which flatters it.",
)
# Fewer than the others, as it is slow: some ten seconds each.
_PYFLINK_RECORDS = {"thread": 500_000, "process": 300_000}


def workloads() -> Iterator[Workload]:
    """Creates a workload for each kind of record and each direction."""
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
        contenders.append(
            Contender(f"pyflink-{mode}", f"PyFlink, {mode} mode", command, "pyflink", records, in_bench=False)
        )
    if java_ends:
        reason = "Ray hands only bytes from Java to Python and back: the records would need a codec by hand"
        contenders.append(Contender("ray-actors", "Ray actors", [], "ray-actors", missing_reason=reason))
    else:
        for middle, words in (("java", "Java in the middle, which passes bytes on"), ("python", "Python only")):
            command = ["{python}", "-m", "benchmarks.peers.ray_actors.crossing", shape, "{records}", middle]
            name_of = "ray-actors" + ("" if middle == "java" else "-python")
            contenders.append(
                Contender(name_of, f"Ray actors, {words}", command, "ray-actors", in_bench=middle == "java")
            )
    return Workload(
        name,
        f"{way}, {title}, parallelism 1",
        RECORDS,
        contenders,
        partial(reference, shape),
        in_bench=name == "crossing",
        notes=NOTES,
        prepare=compile_java,
    )
