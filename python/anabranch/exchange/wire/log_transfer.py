"""Determinant logs that a recovering producer asks its consumers for: sent in parts, after the handshake."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator

from google.protobuf.message import DecodeError

from anabranch.errors import ExchangeError
from anabranch.replay import determinants
from anabranch.v1 import record_pb2 as record

_LENGTH = struct.Struct(">I")


def log_messages(held: determinants.HeldLogs, wanted_tasks: Collection[int], max_frame_bytes: int) -> Iterator[bytes]:
    """Returns what is held of these tasks (of all, if none is named), with lengths; the last message says so.

    Each message is made when it is asked for: logs may be large, and grow meanwhile.
    """
    piggyback = determinants.Piggyback(frozenset(wanted_tasks) or None)
    limit = determinants.piece_bytes(max_frame_bytes)
    more = True
    while more:
        logs, more = piggyback.held_deltas(held, limit)
        encoded = record.HeldLogs(logs=logs, last=not more).SerializeToString()
        yield _LENGTH.pack(len(encoded)) + encoded


class LogReceiver:
    """Takes such messages in pieces. Grows by what has come."""

    def __init__(self, max_frame_bytes: int) -> None:
        self._max_bytes = max_frame_bytes
        self._received = bytearray()
        self.done = False

    @property
    def rest(self) -> bytes:
        """What has come after the last message."""
        return bytes(self._received)

    def feed(self, data: bytes) -> Iterator[record.LogDelta]:
        """Adds bytes; returns the parts of logs that have come whole.

        Raises:
            ExchangeError: The consumer broke the protocol.
        """
        self._received += data
        while not self.done and len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            if length > self._max_bytes:
                raise ExchangeError(f"logs of {length} bytes in a message, at most {self._max_bytes} are allowed")
            end = _LENGTH.size + length
            if len(self._received) < end:
                return
            try:
                message = record.HeldLogs.FromString(bytes(self._received[_LENGTH.size : end]))
            except DecodeError as error:
                raise ExchangeError(f"logs that cannot be parsed: {error}") from error
            del self._received[:end]
            self.done = message.last
            yield from message.logs
