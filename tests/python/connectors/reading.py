"""Runs a source function without an engine."""

from collections.abc import Callable
from typing import Any

from anabranch import EndOfData, RuntimeContext, SourceFunction


class ListCollector:
    """Keeps what it is given."""

    def __init__(self, wanted: int = 1000) -> None:
        self.values: list[Any] = []
        self.wanted = wanted

    def collect(self, value: Any) -> None:
        self.values.append(value)

    def collect_many(self, values: Any) -> None:
        self.values.extend(values)


def read_part(source: SourceFunction[Any], parallelism: int, index: int) -> list[Any]:
    """Returns what one subtask emits."""
    collector = ListCollector()
    source.init(parallelism, index)
    source.open(RuntimeContext(1, index, parallelism, 1, "source", {}, {}))
    try:
        while True:
            source.fetch(collector)
    except EndOfData:
        return collector.values
    finally:
        source.close()


def read_all(make_source: Callable[[], SourceFunction[Any]], parallelism: int) -> list[Any]:
    """Returns what all subtasks emit, one after the other."""
    return [value for index in range(parallelism) for value in read_part(make_source(), parallelism, index)]
