"""What users would write, and how a test follows it: tasks run in its own process."""

from __future__ import annotations

import threading
from typing import Any

from anabranch import EndOfData, MapFunction, SourceFunction, TransactionalSinkFunction

END = 3000


class World:
    """What functions and the test share."""

    def __init__(self) -> None:
        self.allowed = END  # sources emit no number from here on
        self.committed: dict[str, list[Any]] = {}  # by subtask and checkpoint
        self.seen = 0  # records that sinks took, committed or not
        self.log: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def of(self, subtask: int) -> list[Any]:
        """What the sink of a subtask has committed, in order."""
        names = sorted(name for name in self.committed if name.startswith(f"{subtask}/"))
        return [value for name in names for value in self.committed[name]]


world = World()


def begin_anew() -> World:
    """The world of the next test."""
    global world  # noqa: PLW0603
    world = World()
    return world


class Numbers(SourceFunction):
    """Emits the numbers below END that the test allows, a few at a time."""

    end = END

    def init(self, parallelism: int, index: int) -> None:
        self.next, self.step = index, parallelism

    def fetch(self, ctx) -> None:
        if self.next >= self.end:
            raise EndOfData
        for _ in range(20):
            if self.next < min(self.end, world.allowed):
                ctx.collect(self.next)
                self.next += self.step

    def save_checkpoint(self) -> int:
        return self.next

    def load_checkpoint(self, saved: int) -> None:
        self.next = saved


class Hundred(Numbers):
    end = 100


class Ten(Numbers):
    """Few enough that all are sent though the consumer takes none."""

    end = 10


class Chance(MapFunction):
    """Numbers its records in the order in which they come, and asks everything that may be asked."""

    def open(self, context) -> None:
        self.context, self.count = context, 0

    def map(self, n: int) -> str:
        drawn, told = self.context.random().random(), self.context.nondeterministic(threading.get_ident)
        line = f"{n} {self.count} {drawn} {told} {self.context.now()}"
        self.count += 1
        return line

    def save_checkpoint(self) -> int:
        return self.count

    def load_checkpoint(self, saved: int) -> None:
        self.count = saved


class Committed(TransactionalSinkFunction):
    """Leaves what was committed where the test finds it."""

    def open(self, context) -> None:
        self.subtask = context.task_index

    def begin_transaction(self) -> None:
        self.open_transaction: list[Any] = []

    def sink(self, value: Any) -> None:
        world.gate.wait()
        world.seen += 1
        self.open_transaction.append(value)

    def pre_commit(self, checkpoint: int) -> list[Any]:
        return [f"{self.subtask}/{checkpoint:020}", self.open_transaction]

    def commit(self, handle: list[Any]) -> None:
        name, values = handle
        world.committed[name] = values
