"""Reads the input of a task as events: decoded, without what was received before, and aligned."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from anabranch.errors import ExchangeError
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.channel import InputChannel, unread_frame
from anabranch.exchange.input.decoding import EdgeDecoder
from anabranch.exchange.input.events import Barrier, EndOfInput, InputEvent, Records
from anabranch.exchange.input.gate import InputGate
from anabranch.exchange.wire.frames import Frame
from anabranch.v1.control_pb2 import UnreadFrame


class _Left(NamedTuple):
    """The last records of a frame, which were not taken with the first."""

    frame: Frame
    records: Records


class EventReader:
    """Takes frames from an input gate and returns what they bring.

    Attributes:
        most: Records that `next` returns at once, at most.
    """

    def __init__(self, gate: InputGate, decoders: Mapping[int, EdgeDecoder], aligner: BarrierAligner | None) -> None:
        """Reads from a gate.

        Args:
            gate: The channels.
            decoders: By edge, what decodes its frames.
            aligner: Aligns barriers; None: there are no checkpoints, so a barrier breaks the protocol.
        """
        self.most = sys.maxsize
        self._gate = gate
        self._decoders = decoders
        self._aligner = aligner
        self._left: dict[int, _Left] = {}  # by channel

    @property
    def ended(self) -> bool:
        """True once every channel has ended."""
        return self._gate.ended

    def next(self) -> InputEvent | None:
        """Returns what comes next, on whatever channel; None if nothing has come.

        Raises:
            ExchangeError: A producer broke the protocol.
            UnreadableRecordError: A record cannot be decoded.
        """
        if self._left:
            return self._at_most(self.most, self._left.popitem()[1])
        while (received := self._gate.next_frame()) is not None:
            event = self._event(*received, self.most)
            if event is not None:
                return event
        return None

    def next_of(self, channel: int, most: int) -> InputEvent | None:
        """Returns what comes next on this channel, and of records so many at most; None if nothing has come.

        Raises:
            ExchangeError: The producer broke the protocol.
            UnreadableRecordError: A record cannot be decoded.
        """
        left = self._left.pop(channel, None)
        if left is not None:
            return self._at_most(most, left)
        while (received := self._gate.next_frame_of(channel)) is not None:
            event = self._event(*received, most)
            if event is not None:
                return event
        return None

    # ------------------------------------------------------------------ checkpoints

    @property
    def aligning(self) -> int:
        """The checkpoint whose barrier has come on some channels and not on all; 0: none."""
        return 0 if self._aligner is None else self._aligner.aligning

    def enter_epoch(self, number: int) -> None:
        """Reads all channels again: the checkpoint was taken, with or without its barriers."""
        if self._aligner is not None:
            self._aligner.enter_epoch(number)
        self._gate.unblock()

    def read_ahead(self, most_bytes: int | None) -> bool:
        """Reads what has come; returns whether all up to the end of input is in memory, of which so much may be."""
        return self._gate.read_ahead(most_bytes)

    def barrier_ahead(self, number: int) -> bool:
        """Returns whether the barrier of this checkpoint, or of a later one, was read ahead."""
        return self._gate.barrier_ahead(number)

    def unread(self) -> list[UnreadFrame]:
        """Returns what was read and not returned yet, in the order of each channel."""
        left = [unread_frame(frame, frame.header.n_records - len(rest.batch)) for frame, rest in self._left.values()]
        return left + self._gate.unread()

    def restore(self, unread: Iterable[UnreadFrame]) -> None:
        """Takes what an incarnation before this one has read and not handled."""
        self._gate.restore(unread)

    # ------------------------------------------------------------------ from frames to events

    def _event(self, channel: InputChannel, frame: Frame, most: int) -> InputEvent | None:
        kind = frame.header.WhichOneof("control")
        if kind is None:
            return self._records(channel, frame, most)
        if kind == "end_of_input":
            self._gate.end(channel)
            return EndOfInput(channel.channel, self._aligned())
        if kind == "barrier" and self._aligner is not None:
            return self._barrier(channel, frame.header.barrier.number, self._aligner)
        raise ExchangeError(f"channel {channel.channel}: expected records, got a frame of kind {kind}")

    def _records(self, channel: InputChannel, frame: Frame, most: int) -> Records | None:
        """Returns the records of a frame that were not received before; None if all were."""
        batch = self._decoders[channel.edge].decode(frame)
        records = Records(channel.channel, channel.edge, frame.header.first_record_seq, batch)
        if channel.skip:
            records = records.cut(channel.skip)
        if len(records.batch) > most:
            return self._at_most(most, _Left(frame, records))
        return records if records.batch.values else None

    def _at_most(self, most: int, left: _Left) -> Records:
        records = left.records
        if len(records.batch) > most:
            self._left[records.channel] = _Left(left.frame, records.cut(most))
        return records

    def _barrier(self, channel: InputChannel, number: int, aligner: BarrierAligner) -> Barrier:
        if aligner.supersedes(number):
            self._gate.unblock()
        if aligner.meet(number, channel.channel) and aligner.blocks:
            self._gate.block(channel)
        return Barrier(channel.channel, number, self._aligned())

    def _aligned(self) -> int | None:
        # After the last end there is the last snapshot, which needs no barrier.
        if self._aligner is None or self._gate.ended:
            return None
        return self._aligner.aligned([each.channel for each in self._gate.channels if not each.ended])
