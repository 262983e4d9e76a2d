"""A source of values that are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from anabranch.api.functions import EndOfData, SourceContext, SourceFunction

T = TypeVar("T")


class CollectionSource(SourceFunction[T]):
    """Emits the values of a collection; subtask i of n emits the i-th of n contiguous slices."""

    def __init__(self, values: Iterable[T]) -> None:
        """Takes all values at once; an endless iterable never returns."""
        self._values = list(values)
        self._next = self._end = 0

    def init(self, parallelism: int, index: int) -> None:  # noqa: D102
        self._next = len(self._values) * index // parallelism
        self._end = len(self._values) * (index + 1) // parallelism

    def save_checkpoint(self) -> int:  # noqa: D102
        return self._next

    def load_checkpoint(self, saved: int) -> None:  # noqa: D102
        self._next = saved

    def fetch(self, ctx: SourceContext[T]) -> None:  # noqa: D102
        if self._next >= self._end:
            raise EndOfData
        until = min(self._next + ctx.wanted, self._end)
        ctx.collect_many(self._values[self._next : until])
        self._next = until
