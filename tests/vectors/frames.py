"""The vectors of frames.json: handshakes and frames of docs/design/001-data-plane.md, as bytes and as what they mean.

The messages are serialized by protobuf, in the order of their field numbers; the bytes around them are laid out here
by hand, without the package.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from anabranch.v1.record_pb2 import (
    Barrier,
    ConnectReply,
    ConnectRequest,
    Determinant,
    EndOfInput,
    FrameHeader,
    HeldLogs,
    LogDelta,
    Schema,
    Watermark,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

TOKEN = bytes(range(32))
MAGIC = bytes.fromhex("414e4232")
LISTENER_NONCE = bytes(range(100, 132))
CONSUMER_NONCE = bytes(range(200, 232))


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def meaning(message: Message) -> dict[str, Any]:
    """Returns a message in protobuf's JSON form, where 64-bit numbers are strings."""
    return MessageToDict(message, preserving_proto_field_name=True)


def proof(*parts: bytes) -> bytes:
    """Returns the code over some parts, each with its length, under the key of the data plane."""
    key = hmac.digest(TOKEN, b"anabranch data plane" + b"\x01", "sha256")
    return hmac.digest(key, b"".join(u32(len(part)) + part for part in parts), "sha256")


SECRETS = {"token": TOKEN.hex(), "listener_nonce": LISTENER_NONCE.hex(), "nonce": CONSUMER_NONCE.hex()}


def request(name: str, message: ConnectRequest) -> dict[str, Any]:
    encoded = message.SerializeToString()
    code = proof(b"consumer", LISTENER_NONCE, CONSUMER_NONCE, encoded)
    data = MAGIC + CONSUMER_NONCE + code + u32(len(encoded)) + encoded
    return {"name": name, "kind": "request", "bytes": data.hex(), **SECRETS, "message": meaning(message)}


def reply(name: str, to: ConnectRequest, message: ConnectReply) -> dict[str, Any]:
    encoded, asked = message.SerializeToString(), to.SerializeToString()
    code = proof(b"producer", LISTENER_NONCE, CONSUMER_NONCE, asked, encoded)
    return {
        "name": name,
        "kind": "reply",
        "bytes": (code + u32(len(encoded)) + encoded).hex(),
        **SECRETS,
        "request": asked.hex(),
        "message": meaning(message),
    }


def logs(name: str, message: HeldLogs) -> dict[str, Any]:
    encoded = message.SerializeToString()
    return {"name": name, "kind": "logs", "bytes": (u32(len(encoded)) + encoded).hex(), "message": meaning(message)}


def frame(name: str, header: FrameHeader, payload: str = "") -> dict[str, Any]:
    encoded = header.SerializeToString()
    body = u32(len(encoded)) + encoded + bytes.fromhex(payload)
    return {
        "name": name,
        "kind": "frame",
        "bytes": (u32(len(body)) + body).hex(),
        "header": meaning(header),
        "payload": payload,
    }


def refused(name: str, kind: str, data: str, reason: str) -> dict[str, Any]:
    return {"name": name, "kind": kind, "bytes": data, "refused": reason}


def vectors() -> list[dict[str, Any]]:
    """Returns every vector, in the order of the file."""
    start = ConnectRequest(job_id="job-1", channel=3, incarnation=1, producer_incarnation=1)
    again = ConnectRequest(
        job_id="job-1",
        channel=300,
        incarnation=2,
        producer_incarnation=7,
        next_seq=1 << 40,
        next_record_seq=(1 << 63) + 1,
    )
    point = Schema(id=0xE2F0A1B2C3D4E5F6, name="org.anabranch.vectors.Point", fields=["x", "y"])
    delta = LogDelta(
        task=4,
        epoch=2,
        offset=10,
        entries=[
            Determinant(order=Determinant.Order(channel=9)),
            Determinant(time=Determinant.Time(ms=1_700_000_000_000)),
            Determinant(flush=Determinant.Flush(channels=[1, 2])),
        ],
    )
    prelude = (MAGIC + bytes(64)).hex()
    no_protobuf = MAGIC + CONSUMER_NONCE + proof(b"consumer", LISTENER_NONCE, CONSUMER_NONCE, b"\xff")
    return [
        request("request of a fresh start", start),
        request("request to go on", again),
        reply("reply that frames follow", start, ConnectReply(status=ConnectReply.STATUS_OK, incarnation=1)),
        reply(
            "reply of a producer that recovers",
            again,
            ConnectReply(status=ConnectReply.STATUS_OK, incarnation=7, wants_logs=True, wanted_tasks=[4, 300]),
        ),
        reply(
            "reply to an old incarnation",
            again,
            ConnectReply(status=ConnectReply.STATUS_FENCED, incarnation=8, message="producer is at incarnation 8"),
        ),
        frame("first frame of two strings", FrameHeader(channel=3, n_records=2, incarnation=1), "a161a162"),
        frame(
            "frame with keys",
            FrameHeader(channel=3, epoch=2, seq=1, first_record_seq=2, n_records=1, incarnation=1, has_keys=True),
            "a25541" + "c7070192a4776f726401",
        ),
        frame(
            "frame with a schema and determinants",
            FrameHeader(
                channel=3, seq=2, first_record_seq=3, n_records=1, incarnation=1, schemas=[point], deltas=[delta]
            ),
            "c70a0e" + "e2f0a1b2c3d4e5f6" + "0102",
        ),
        frame("determinants only", FrameHeader(channel=3, epoch=2, seq=3, incarnation=1, deltas=[delta])),
        logs("a part of the logs held", HeldLogs(logs=[delta])),
        logs("the last part of the logs held", HeldLogs(logs=[delta], last=True)),
        frame("header of defaults only", FrameHeader()),
        frame(
            "barrier",
            FrameHeader(
                channel=3,
                seq=3,
                first_record_seq=4,
                incarnation=1,
                barrier=Barrier(number=1, timestamp_ms=1_700_000_000_000),
            ),
        ),
        frame(
            "watermark before 1970",
            FrameHeader(
                channel=3, seq=4, first_record_seq=4, incarnation=1, watermark=Watermark(event_time_ms=-1, idle=True)
            ),
        ),
        frame(
            "end of input",
            FrameHeader(channel=3, seq=5, first_record_seq=4, incarnation=1, end_of_input=EndOfInput()),
        ),
        refused("wrong magic", "request", "414e4231" + bytes(64).hex() + "00000000", "magic"),
        refused("wrong proof", "request", prelude + "00000000", "proof"),
        refused("request of 4097 bytes", "request", prelude + "00001001", "length above 4096"),
        refused("request that is no protobuf", "request", no_protobuf.hex() + "00000001ff", "not a ConnectRequest"),
        refused("reply of 4 GiB", "reply", bytes(32).hex() + "ffffffff", "length above 4096"),
        refused("reply without a proof", "reply", bytes(32).hex() + "00000000", "proof"),
        refused("frame of 3 bytes", "frame", "0000000300000000", "no room for the header length"),
        refused("frame of 4 GiB", "frame", "ffffffff00000000", "length above the limit"),
        refused(
            "header longer than its frame", "frame", "00000006000000030800", "header length above frame length - 4"
        ),
        refused("header that is no protobuf", "frame", "0000000500000001ff", "not a FrameHeader"),
    ]
