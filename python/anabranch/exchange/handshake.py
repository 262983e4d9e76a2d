"""The first bytes on a connection: magic, token, request; and the producer's reply."""

from __future__ import annotations

import hmac
import struct
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from anabranch.errors import ExchangeError
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

MAGIC = b"ANB1"
TOKEN_LENGTH = 32
MAX_MESSAGE_LENGTH = 4096
# In a job with recovery a consumer brings along the determinant logs that it holds.
MAX_LENGTH_WITH_LOGS = 64 << 20

M = TypeVar("M", bound=Message)

_LENGTH = struct.Struct(">I")
_PRELUDE_LENGTH = len(MAGIC) + TOKEN_LENGTH


def encode_request(token: bytes, request: ConnectRequest) -> bytes:
    """Returns what a consumer sends first."""
    return MAGIC + token + _with_length(request, MAX_LENGTH_WITH_LOGS if request.held else MAX_MESSAGE_LENGTH)


def encode_reply(reply: ConnectReply) -> bytes:
    """Returns what a producer answers."""
    return _with_length(reply, MAX_MESSAGE_LENGTH)


class RequestParser:
    """Takes a request in pieces. Looks at nothing behind the token before the token has matched."""

    def __init__(self, token: bytes, max_length: int = MAX_MESSAGE_LENGTH) -> None:
        self._max_length = max_length
        self._expected = MAGIC + token
        self._received = bytearray()

    @property
    def wanted(self) -> int:
        """How many bytes may be read next; never more than the request still needs."""
        received = len(self._received)
        if received < _PRELUDE_LENGTH:
            return _PRELUDE_LENGTH - received
        if received < _PRELUDE_LENGTH + _LENGTH.size:
            return _PRELUDE_LENGTH + _LENGTH.size - received
        return _PRELUDE_LENGTH + _LENGTH.size + self._message_length() - received

    def feed(self, data: bytes) -> ConnectRequest | None:
        """Adds at most `wanted` bytes; returns the request once it is whole.

        Raises:
            ExchangeError: The peer is not one of this job.
        """
        self._received += data
        received = len(self._received)
        if received < _PRELUDE_LENGTH:
            return None
        if received == _PRELUDE_LENGTH and not hmac.compare_digest(bytes(self._received), self._expected):
            raise ExchangeError("wrong magic or token")
        if received < _PRELUDE_LENGTH + _LENGTH.size or self.wanted > 0:
            return None
        return _parse(ConnectRequest, bytes(self._received[_PRELUDE_LENGTH + _LENGTH.size :]))

    def _message_length(self) -> int:
        length: int = _LENGTH.unpack_from(self._received, _PRELUDE_LENGTH)[0]
        return _checked(length, self._max_length)


class ReplyParser:
    """Takes a reply in pieces."""

    def __init__(self) -> None:
        self._received = bytearray()

    @property
    def wanted(self) -> int:
        """How many bytes may be read next; never more than the reply still needs."""
        if len(self._received) < _LENGTH.size:
            return _LENGTH.size - len(self._received)
        length: int = _LENGTH.unpack_from(self._received)[0]
        return _LENGTH.size + _checked(length, MAX_MESSAGE_LENGTH) - len(self._received)

    def feed(self, data: bytes) -> ConnectReply | None:
        """Adds at most `wanted` bytes; returns the reply once it is whole.

        Raises:
            ExchangeError: The bytes are no reply.
        """
        self._received += data
        if len(self._received) < _LENGTH.size or self.wanted > 0:
            return None
        return _parse(ConnectReply, bytes(self._received[_LENGTH.size :]))


def _with_length(message: Message, max_length: int) -> bytes:
    encoded = message.SerializeToString()
    _checked(len(encoded), max_length)
    return _LENGTH.pack(len(encoded)) + encoded


def _checked(length: int, max_length: int) -> int:
    if length > max_length:
        raise ExchangeError(f"handshake message of {length} bytes, at most {max_length} are allowed")
    return length


def _parse(kind: type[M], data: bytes) -> M:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise ExchangeError(f"handshake message cannot be parsed: {error}") from error
