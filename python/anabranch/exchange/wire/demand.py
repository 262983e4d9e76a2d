"""How much of its input a task wants at a time: what lies ahead of it is bounded by time, not only by bytes.

A consumer measures how long it takes for a record and tells each producer how far it may go: half a second of work
ahead of the consumer, in frames of a twentieth. For a function that takes microseconds this is more than the buffers
hold; for one that takes milliseconds a barrier, or the first record of a new kind, would otherwise wait for minutes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from anabranch.errors import ExchangeError
from anabranch.v1.record_pb2 import ConnectRequest, Demand

# Records of a channel before anything is known of the consumer.
FIRST_WINDOW = 16
MOST_RECORDS = 2**31 - 1

_WINDOW_SECONDS = 0.5
_FRAME_SECONDS = 0.05
_LEAST_WINDOW = 2  # so that the next record is there when the one at hand is done
_UNLIMITED = 2**64 - 1
_MAX_LENGTH = 64
_LENGTH = struct.Struct(">I")


def encode_demand(until: int, frame_records: int) -> bytes:
    """Returns what a consumer sends."""
    encoded = Demand(until=until, frame_records=frame_records).SerializeToString()
    return _LENGTH.pack(len(encoded)) + encoded


class Rate:
    """How long a task takes for a record of its input. What was measured last counts most."""

    def __init__(self) -> None:
        self._records = self._seconds = 0.0

    def took(self, records: int, seconds: float) -> None:
        """Takes note of how long so many records have taken."""
        self._records = self._records / 2 + records
        self._seconds = self._seconds / 2 + seconds

    def window(self, channels: int) -> int:
        """Returns how many records may lie ahead of the task on each of so many channels."""
        seconds = max(_WINDOW_SECONDS / channels, _FRAME_SECONDS)
        return max(_LEAST_WINDOW, self._in(seconds)) if self._records else FIRST_WINDOW

    @property
    def frame_records(self) -> int:
        """How many records of one frame the task wants."""
        return max(1, self._in(_FRAME_SECONDS)) if self._records else FIRST_WINDOW

    def _in(self, seconds: float) -> int:
        return min(MOST_RECORDS, int(seconds * self._records / max(self._seconds, 1e-9)))


class ConsumerDemand:
    """What the consumer of an output channel wants, as its producer knows it.

    Attributes:
        exhausted: True while the channel has gone as far as the consumer wants.
        frame_records: Records of a frame, at most.
        on_change: Called when that has changed.
    """

    def __init__(self) -> None:
        self.exhausted = False
        self.frame_records = MOST_RECORDS
        self.on_change: Callable[[], None] = _nobody
        self._until = _UNLIMITED
        self._sent = 0
        self._received = bytearray()

    def begin(self, request: ConnectRequest, sent: int) -> None:
        """A consumer has come; so many records were sent before, or are held for it."""
        self._received.clear()
        self._sent = sent
        self._take(request.demand if request.HasField("demand") else Demand(until=_UNLIMITED))

    def end(self) -> None:
        """The consumer has ended: nothing waits for it."""
        self._take(Demand(until=_UNLIMITED))

    def sent(self, records: int) -> None:
        """Takes note of how many records were sent in all."""
        self._sent = records
        self.exhausted = records >= self._until

    def feed(self, data: bytes) -> None:
        """Takes bytes that the consumer has sent.

        Raises:
            ExchangeError: They are not a demand.
        """
        received = self._received
        received += data
        while len(received) >= _LENGTH.size:
            [length] = _LENGTH.unpack_from(received)
            if length > _MAX_LENGTH:
                raise ExchangeError(f"the consumer sent a message of {length} bytes, at most {_MAX_LENGTH} are allowed")
            end = _LENGTH.size + length
            if len(received) < end:
                return
            try:
                demand = Demand.FromString(bytes(received[_LENGTH.size : end]))
            except Exception as error:
                raise ExchangeError(f"what the consumer wants cannot be parsed: {error}") from error
            del received[:end]
            self._take(demand)

    def _take(self, demand: Demand) -> None:
        self._until = demand.until
        self.exhausted = self._sent >= self._until
        self.frame_records = demand.frame_records or MOST_RECORDS
        self.on_change()


def _nobody() -> None:
    """No batch is pending for the channel."""
