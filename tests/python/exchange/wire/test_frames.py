"""Frames cut out of a byte stream."""

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.errors import ExchangeError
from anabranch.exchange.wire.frames import FrameReader, frame_head
from anabranch.v1.record_pb2 import FrameHeader

MAX = 1 << 20


def encode(header: FrameHeader, payload: bytes) -> bytes:
    return frame_head(header, len(payload)) + payload


def read_all(data: bytes, piece: int, max_frame_bytes: int = MAX) -> list[tuple[int, bytes]]:
    """Feeds the bytes through a socket in pieces and returns (seq, payload) of each frame."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        reader = FrameReader(max_frame_bytes)
        frames = []
        for start in range(0, len(data), piece):
            theirs.sendall(data[start : start + piece])
            reader.receive(ours)
            while (frame := reader.next()) is not None:
                frames.append((frame.header.seq, frame.payload))
        theirs.shutdown(socket.SHUT_WR)
        while reader.receive(ours):
            while (frame := reader.next()) is not None:
                frames.append((frame.header.seq, frame.payload))
        return frames


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(min_value=1, max_value=200))
def test_frames_come_out_whole_however_the_bytes_arrive(payloads, piece):
    data = b"".join(encode(FrameHeader(seq=seq), payload) for seq, payload in enumerate(payloads))

    assert list(enumerate(payloads)) == read_all(data, piece)


def test_a_frame_larger_than_the_buffer_comes_out_whole():
    payload = bytes(range(256)) * 4000

    assert [(7, payload)] == read_all(encode(FrameHeader(seq=7), payload), 50_000, max_frame_bytes=2 * MAX)


def test_a_length_alone_takes_no_memory():
    near, far = socket.socketpair()
    with near, far:
        reader = FrameReader(max_frame_bytes=64 << 20)
        near.sendall(((64 << 20) - 4).to_bytes(4, "big") + bytes(4))
        reader.receive(far)

        assert reader.next() is None
        assert len(reader._buffer) <= 64 << 10


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xff\xff\xff\x00\x00\x00\x00", "frame length"),
        (b"\x00\x00\x00\x03\x00\x00\x00\x00", "frame length"),
        (b"\x00\x00\x00\x08\x00\x00\x00\x05", "header length"),
        (b"\x00\x00\x00\x06\x00\x00\x00\x02\xff\xff", "cannot be parsed"),
    ],
)
def test_bytes_that_are_no_frame_are_refused_with_the_reason(data, reason):
    with pytest.raises(ExchangeError, match=reason):
        read_all(data, len(data))


@given(st.binary(min_size=8, max_size=200))
def test_random_bytes_never_raise_anything_but_an_exchange_error(data):
    with contextlib.suppress(ExchangeError):
        read_all(data, len(data))
