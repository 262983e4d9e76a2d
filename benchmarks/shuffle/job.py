"""Source -> key_by -> reduce -> sink, each at the same parallelism: in Python, in Java, and mixed.

Every record goes from its source subtask to the one that has its key. The result is the last sum of each key.
"""

from __future__ import annotations

from typing import Any

from anabranch import JavaFunction, StreamingContext
from benchmarks.common.digest import check_all, mix
from benchmarks.common.marks import Marks, marks
from benchmarks.common.runs import check_of, context, report
from benchmarks.common.streams import LastSink, NumberedSource
from benchmarks.java_classes import compile_java

PARALLELISM = 4
KEYS = 10_000
Pair = tuple[str, int]
# Languages of the source, of the reduce and of the sink.
VERSIONS = {
    "python": ("python", "python", "python"),
    "java": ("java", "java", "java"),
    "python-java-python": ("python", "java", "python"),
    "java-python-java": ("java", "python", "java"),
}


def pair(number: int, keys: int) -> Pair:
    return (f"key-{mix(number) % keys}", number)


def key(value: Pair) -> str:
    return value[0]


def add(old: Pair, new: Pair) -> Pair:
    return (old[0], old[1] + new[1])


class PairSource(NumberedSource):
    """Emits (key, number), with a key that the number decides."""

    def __init__(self, n: int, keys: int, marks: Marks) -> None:
        super().__init__(n, marks)
        self.keys = keys

    def records(self, numbers: range) -> list[Pair]:
        return [pair(number, self.keys) for number in numbers]


def expected(n: int, keys: int = KEYS) -> str:
    """Returns the check of a right run, by a loop."""
    sums: dict[str, int] = {}
    for name, number in (pair(i, keys) for i in range(n)):
        sums[name] = sums.get(name, 0) + number
    return check_all(sums.items())


def build(ctx: StreamingContext, version: str, n: int, keys: int, found: Marks) -> None:
    """Describes the job."""
    source, reduce, sink = VERSIONS[version]
    directory = str(found.directory)
    if "java" in VERSIONS[version]:
        ctx.add_jar(compile_java())
    pairs: Any
    if source == "java":
        pairs = ctx.java_source(JavaFunction("com.acme.shuffle.PairSource", n, keys, directory))
    else:
        pairs = ctx.source(PairSource(n, keys, found))
    if source != reduce:
        pairs = pairs.as_java_stream() if reduce == "java" else pairs.as_python_stream()
    if reduce == "java":
        sums = pairs.key_by("com.acme.shuffle.Pairs::key").reduce("com.acme.shuffle.Pairs::add")
    else:
        sums = pairs.key_by(key).reduce(add)
    if reduce != sink:
        sums = sums.as_java_stream() if sink == "java" else sums.as_python_stream()
    sums.sink(JavaFunction("com.acme.bench.LastSink", directory) if sink == "java" else LastSink(found))


def run(version: str, n: int, keys: int, parallelism: int, options: list[str]) -> None:
    """Runs the job and prints the figures."""
    with marks() as found:
        ctx = context(options).set_parallelism(parallelism)
        build(ctx, version, n, keys, found)
        ctx.execute("shuffle")
        report(found, n, check_of(found))
