"""Records of a size through a number of identity maps: in one chain, in a task each, or across languages.

`python -m benchmarks.growth.pipeline python-tasks 200000 --maps 4 --size 16`
"""

from __future__ import annotations

import argparse
from typing import Any

from anabranch import JavaFunction, StreamingContext
from benchmarks.common.digest import check_all
from benchmarks.common.marks import Marks, marks
from benchmarks.common.runs import check_of, context, report
from benchmarks.common.streams import NumberedSource, SumSink
from benchmarks.java_classes import compile_java

KINDS = ("python-chain", "python-tasks", "java-chain", "java-tasks", "crossing")
Item = tuple[int, str]


def item(number: int, size: int) -> Item:
    return (number, "x" * size)


def same(value: Item) -> Item:
    return value


class ItemSource(NumberedSource):
    """Emits (number, text of the size)."""

    def __init__(self, n: int, size: int, marks: Marks) -> None:
        super().__init__(n, marks)
        self.size = size

    def records(self, numbers: range) -> list[Item]:
        text = "x" * self.size
        return [(number, text) for number in numbers]


def expected(n: int, size: int) -> str:
    """Returns the check of a right run."""
    return check_all(item(number, size) for number in range(n))


def build(ctx: StreamingContext, kind: str, source: tuple[int, int], maps: int, found: Marks) -> None:
    """Describes the job. Of the maps of a crossing every other one is in Java, so each is after a language boundary.

    Args:
        source: How many records, and of what size.
    """
    stream: Any
    if not kind.startswith("python"):
        ctx.add_jar(compile_java())
    java = kind.startswith("java")
    if java:
        stream = ctx.java_source(JavaFunction("com.acme.growth.ItemSource", *source, str(found.directory)))
    else:
        stream = ctx.source(ItemSource(*source, found))
    for number in range(maps):
        if kind == "crossing":
            to_java = number % 2 == 0
            stream = (
                stream.as_java_stream().map("com.acme.Identity") if to_java else stream.as_python_stream().map(same)
            )
        else:
            stream = stream.map("com.acme.Identity" if java else same)
        if kind.endswith("-tasks"):
            stream = stream.disable_chain()
    if kind == "crossing" and maps % 2:
        stream = stream.as_python_stream()
    stream.sink(JavaFunction("com.acme.bench.SumSink", str(found.directory)) if java else SumSink(found))


def main() -> None:
    """Runs the job and prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth.pipeline", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("records", type=int)
    parser.add_argument("--maps", type=int, default=1)
    parser.add_argument("--size", type=int, default=16, help="characters of a record")
    given = parser.parse_args()
    with marks() as found:
        ctx = context()
        build(ctx, given.kind, (given.records, given.size), given.maps, found)
        ctx.execute("growth")
        report(found, given.records, check_of(found))


if __name__ == "__main__":
    main()
