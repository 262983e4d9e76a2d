"""What the input of a task brings, one event at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(slots=True)
class Records:
    """Some records of one channel.

    Attributes:
        channel: The channel.
        edge: The edge that it belongs to.
        first: How many records came before these on the channel.
        values: The records.
        keys: Their keys, if the frame carries them.
    """

    channel: int
    edge: int
    first: int
    values: Sequence[Any]
    keys: Sequence[Any] | None

    def cut(self, n: int) -> Records:
        """Returns what comes after the first `n` records, and keeps those."""
        rest = Records(self.channel, self.edge, self.first + n, self.values[n:], self.keys and self.keys[n:])
        self.values, self.keys = self.values[:n], self.keys and self.keys[:n]
        return rest


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
