"""Frames on a byte stream: writing them as buffers, and cutting them out of what was received."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from anabranch.errors import ExchangeError
from anabranch.v1.record_pb2 import FrameHeader

_LENGTHS = struct.Struct(">II")
_LENGTH = struct.Struct(">I")
# A buffer begins small, for a task may have thousands of channels, and grows where more waits to be read.
_INITIAL_CAPACITY = 8 << 10
_USUAL_CAPACITY = 128 << 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was received."""

    header: FrameHeader
    payload: bytes


def frame_head(header: FrameHeader, payload_length: int) -> bytes:
    """Returns everything of a frame that goes before its payload."""
    return encoded_frame_head(header.SerializeToString(), payload_length)


def encoded_frame_head(header: bytes, payload_length: int) -> bytes:
    """Returns the same for a header that is encoded already."""
    return _LENGTHS.pack(_LENGTH.size + len(header) + payload_length, len(header)) + header


class FrameReader:
    """Cuts frames out of a socket's bytes. Holds at most one frame plus what one read brings."""

    def __init__(self, max_frame_bytes: int) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._buffer = bytearray(_INITIAL_CAPACITY)
        self._start = 0
        self._end = 0
        self._wanted = 0  # bytes of the frame that has begun

    def next(self) -> Frame | None:
        """Returns the next complete frame of the bytes at hand, or None.

        Raises:
            ExchangeError: The bytes are not a frame.
        """
        available = self._end - self._start
        if available < _LENGTHS.size:
            return None
        length, header_length = _LENGTHS.unpack_from(self._buffer, self._start)
        if not _LENGTH.size <= length <= self._max_frame_bytes:
            raise ExchangeError(f"frame length {length} is not in 4 ... {self._max_frame_bytes}")
        if header_length > length - _LENGTH.size:
            raise ExchangeError(f"header length {header_length} exceeds the frame's {length - _LENGTH.size}")
        if available < _LENGTH.size + length:
            self._wanted = _LENGTH.size + length
            return None
        header_start = self._start + _LENGTHS.size
        payload_start = header_start + header_length
        frame_end = self._start + _LENGTH.size + length
        with memoryview(self._buffer) as view:
            try:
                header = FrameHeader.FromString(bytes(view[header_start:payload_start]))
            except Exception as error:
                raise ExchangeError(f"frame header cannot be parsed: {error}") from error
            payload = bytes(view[payload_start:frame_end])
        self._start = frame_end
        if self._start == self._end:
            self._start = self._end = 0
            if len(self._buffer) > 4 * _USUAL_CAPACITY:  # one huge frame must not pin its memory
                self._buffer = bytearray(_USUAL_CAPACITY)
        return Frame(header, payload)

    def receive(self, sock: socket.socket) -> bool:
        """Reads once from a non-blocking socket; returns False at the end of the stream.

        Raises:
            BlockingIOError: Nothing can be read now.
        """
        if self._end == len(self._buffer):
            self._make_room()
        with memoryview(self._buffer) as view, view[self._end :] as room:
            n = sock.recv_into(room)
        self._end += n
        return n > 0

    def _make_room(self) -> None:
        """Moves what is pending to the front. Grows by what has come, never by what a peer says will come."""
        pending = self._buffer[self._start : self._end]
        usual = min(2 * len(self._buffer), _USUAL_CAPACITY)
        needed = max(len(pending) + 1, min(2 * len(pending), self._wanted), usual)
        if needed > len(self._buffer):
            self._buffer = bytearray(needed)
        self._buffer[: len(pending)] = pending
        self._start, self._end = 0, len(pending)
