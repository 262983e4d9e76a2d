"""What the input of a task brings, one event at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from anabranch.records.batch import Batch


@dataclass(slots=True)
class Records:
    """Some records of one channel.

    Attributes:
        channel: The channel.
        edge: The edge that it belongs to.
        first: How many records came before these on the channel.
        batch: The records, with their keys if the frame carries them.
    """

    channel: int
    edge: int
    first: int
    batch: Batch

    def cut(self, n: int) -> Records:
        """Returns what comes after the first `n` records, and keeps those."""
        batch = self.batch
        self.batch = batch.slice(0, n)
        return Records(self.channel, self.edge, self.first + n, batch.slice(n, len(batch)))


@dataclass(frozen=True, slots=True)
class Barrier:
    """A channel has met the barrier of a checkpoint.

    Attributes:
        channel: The channel.
        number: The checkpoint.
        aligned: The checkpoint that every channel has met the barrier of, with this one; None: some have not.
    """

    channel: int
    number: int
    aligned: int | None


@dataclass(frozen=True, slots=True)
class EndOfInput:
    """Nothing more comes on a channel.

    Attributes:
        channel: The channel.
        aligned: The checkpoint that only this channel had not met the barrier of; None: there is none.
    """

    channel: int
    aligned: int | None


InputEvent: TypeAlias = "Records | Barrier | EndOfInput"
