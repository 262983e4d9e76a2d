"""Handshakes and frames are the bytes of tests/vectors/frames.json, which pin them for both languages."""

import json
import socket
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict

from anabranch.errors import ExchangeError
from anabranch.exchange.wire.frames import FrameReader, frame_head
from anabranch.exchange.wire.handshake import ConsumerHandshake, ProducerHandshakes, RequestParser
from anabranch.exchange.wire.log_transfer import LogReceiver
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, FrameHeader, HeldLogs

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "frames.json").read_text())
TOKEN = bytes(range(32))
LISTENER_NONCE = bytes(range(100, 132))


def producer() -> RequestParser:
    return ProducerHandshakes(TOKEN, LISTENER_NONCE).begin()


def consumer(request=None, nonce=None) -> ConsumerHandshake:
    return ConsumerHandshake(TOKEN, LISTENER_NONCE, request or ConnectRequest(), nonce=nonce)


def of_kind(kind, *, refused=False):
    chosen = [vector for vector in VECTORS if vector["kind"] == kind and ("refused" in vector) is refused]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=[vector["name"] for vector in chosen])


def parse(parser, data):
    """Feeds a parser as much as it wants each time; returns what it made of the bytes, or None if it wants more."""
    while data:
        chunk, data = data[: parser.wanted], data[parser.wanted :]
        message = parser.feed(chunk)
        if message is not None:
            assert not data
            return message
    return None


def read(data):
    """Returns what a FrameReader makes of bytes that come in one piece."""
    near, far = socket.socketpair()
    with near, far:
        near.sendall(data)
        reader = FrameReader(max_frame_bytes=1 << 20)
        reader.receive(far)
        return reader.next()


@of_kind("request")
def test_a_request_has_exactly_these_bytes(vector):
    request = ParseDict(vector["message"], ConnectRequest())
    data = bytes.fromhex(vector["bytes"])

    assert data == consumer(request, bytes.fromhex(vector["nonce"])).opening
    assert request == parse(producer(), data)


@of_kind("reply")
def test_a_reply_has_exactly_these_bytes(vector):
    reply = ParseDict(vector["message"], ConnectReply())
    data = bytes.fromhex(vector["bytes"])

    request, nonce = bytes.fromhex(vector["request"]), bytes.fromhex(vector["nonce"])
    assert data == ProducerHandshakes(TOKEN, LISTENER_NONCE).encode_reply(nonce, request, reply)
    assert reply == parse(consumer(ConnectRequest.FromString(request), nonce), data)


@of_kind("logs")
def test_held_logs_have_exactly_these_bytes(vector):
    message = ParseDict(vector["message"], HeldLogs())
    receiver = LogReceiver(1 << 20)

    assert list(message.logs) == list(receiver.feed(bytes.fromhex(vector["bytes"])))
    assert message.last == receiver.done


@of_kind("frame")
def test_a_frame_has_exactly_these_bytes(vector):
    header, payload = ParseDict(vector["header"], FrameHeader()), bytes.fromhex(vector["payload"])
    data = bytes.fromhex(vector["bytes"])

    assert data == frame_head(header, len(payload)) + payload
    frame = read(data)
    assert (header, payload) == (frame.header, frame.payload)


@of_kind("request", refused=True)
def test_these_requests_are_refused(vector):
    with pytest.raises(ExchangeError):
        parse(producer(), bytes.fromhex(vector["bytes"]))


@of_kind("reply", refused=True)
def test_these_replies_are_refused(vector):
    parser = consumer()
    with pytest.raises(ExchangeError):
        parse(parser, bytes.fromhex(vector["bytes"]))


@of_kind("frame", refused=True)
def test_these_frames_are_refused(vector):
    with pytest.raises(ExchangeError):
        read(bytes.fromhex(vector["bytes"]))
