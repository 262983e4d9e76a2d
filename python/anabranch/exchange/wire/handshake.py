"""The first bytes on a connection: each side proves that it knows the job's secret, which neither sends.

The producer's listener has a nonce that the job master tells consumers, the consumer makes one for each connection.
Either side answers for what it says with a code (HMAC-SHA256) over its role, both nonces and the messages, so that
what was said once is worth nothing on another connection.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from anabranch.derived_keys import derive_key
from anabranch.errors import ExchangeError
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

MAGIC = b"ANB2"
NONCE_LENGTH = 32
PROOF_LENGTH = 32
MAX_MESSAGE_LENGTH = 4096

M = TypeVar("M", bound=Message)

_LENGTH = struct.Struct(">I")
_PURPOSE = "anabranch data plane"


class UnprovenError(ExchangeError):
    """Whoever is at the other end has not shown that it belongs to the job."""


def new_nonce() -> bytes:
    """Returns random bytes that nobody has used before."""
    return secrets.token_bytes(NONCE_LENGTH)


class _Prover:
    """Computes the codes of either side, for one listener."""

    def __init__(self, token: bytes, listener_nonce: bytes) -> None:
        self._key = derive_key(token, _PURPOSE)
        self._listener_nonce = listener_nonce

    def of_consumer(self, nonce: bytes, request: bytes) -> bytes:
        return self._code(b"consumer", nonce, request)

    def of_producer(self, nonce: bytes, request: bytes, reply: bytes) -> bytes:
        return self._code(b"producer", nonce, request, reply)

    def _code(self, role: bytes, *parts: bytes) -> bytes:
        # With lengths, so that no two ways of cutting give the same bytes.
        covered = b"".join(_LENGTH.pack(len(part)) + part for part in (role, self._listener_nonce, *parts))
        return hmac.digest(self._key, covered, "sha256")


class ConsumerHandshake:
    """The consumer's side of one connection: what it sends, and whether it believes the answer.

    Attributes:
        opening: All that the consumer sends: magic, nonce, proof, length and request.
    """

    def __init__(
        self, token: bytes, listener_nonce: bytes, request: ConnectRequest, *, nonce: bytes | None = None
    ) -> None:
        """Begins a connection; `nonce` is for tests."""
        self._prover = _Prover(token, listener_nonce)
        self._nonce = nonce or new_nonce()
        self._request = request.SerializeToString()
        proof = self._prover.of_consumer(self._nonce, self._request)
        self.opening = MAGIC + self._nonce + proof + _with_length(self._request)
        self._received = bytearray()

    @property
    def wanted(self) -> int:
        """How many bytes may be read next; never more than the reply still needs."""
        received = len(self._received)
        head = PROOF_LENGTH + _LENGTH.size
        if received < head:
            return head - received
        return head + _length_at(self._received, PROOF_LENGTH) - received

    def feed(self, data: bytes) -> ConnectReply | None:
        """Adds at most `wanted` bytes; returns the reply once it is whole.

        Raises:
            UnprovenError: This is not the producer, whatever it says.
            ExchangeError: The producer's reply cannot be parsed.
        """
        self._received += data
        if self.wanted > 0:
            return None
        reply = bytes(self._received[PROOF_LENGTH + _LENGTH.size :])
        proof = self._prover.of_producer(self._nonce, self._request, reply)
        if not hmac.compare_digest(proof, bytes(self._received[:PROOF_LENGTH])):
            raise UnprovenError("the answer is not that of a task of this job")
        return _parse(ConnectReply, reply)


class ProducerHandshakes:
    """The producer's side of all connections to one task, on whichever of its listeners."""

    def __init__(self, token: bytes, listener_nonce: bytes) -> None:
        self._prover = _Prover(token, listener_nonce)
        self._seen: set[bytes] = set()  # nonces of those who were let in

    def begin(self) -> RequestParser:
        """Returns the parser for a new connection."""
        return RequestParser(self)

    def admit(self, nonce: bytes, proof: bytes, request: bytes) -> bool:
        """Returns whether this proves its sender to be of the job; the second time it does not."""
        if not hmac.compare_digest(self._prover.of_consumer(nonce, request), proof) or nonce in self._seen:
            return False
        self._seen.add(nonce)
        return True

    def encode_reply(self, nonce: bytes, request: bytes, reply: ConnectReply) -> bytes:
        """Returns what the producer answers: proof, length and reply."""
        encoded = reply.SerializeToString()
        return self._prover.of_producer(nonce, request, encoded) + _with_length(encoded)


class RequestParser:
    """Takes a consumer's opening, in pieces. The request is not parsed before the proof has shown whose it is."""

    def __init__(self, handshakes: ProducerHandshakes) -> None:
        self._handshakes = handshakes
        self._received = bytearray()

    @property
    def wanted(self) -> int:
        """How many bytes may be read at once: a whole opening, and one byte, which shows that there are more."""
        return _HEAD_LENGTH + MAX_MESSAGE_LENGTH + 1 - len(self._received)

    @property
    def silent(self) -> bool:
        """True as long as nothing has come."""
        return not self._received

    def feed(self, data: bytes) -> ConnectRequest | None:
        """Adds at most `wanted` bytes; returns the request once it is whole.

        Raises:
            ExchangeError: The peer is not one of this job.
        """
        self._received += data
        received = self._received
        if not received.startswith(MAGIC[: len(received)]):
            raise ExchangeError("wrong magic")
        if len(received) < _HEAD_LENGTH:
            return None
        end = _HEAD_LENGTH + _length_at(received, _HEAD_LENGTH - _LENGTH.size)
        if len(received) > end:
            raise ExchangeError("more than a request")
        if len(received) < end:
            return None
        if not self._handshakes.admit(self._nonce, bytes(received[_PROOF_START:_PROOF_END]), self._request):
            raise ExchangeError("wrong or repeated proof")
        return _parse(ConnectRequest, self._request)

    def encode_reply(self, reply: ConnectReply) -> bytes:
        """Returns what the producer answers to the request."""
        return self._handshakes.encode_reply(self._nonce, self._request, reply)

    @property
    def _nonce(self) -> bytes:
        return bytes(self._received[len(MAGIC) : _PROOF_START])

    @property
    def _request(self) -> bytes:
        return bytes(self._received[_HEAD_LENGTH:])


_PROOF_START = len(MAGIC) + NONCE_LENGTH
_PROOF_END = _PROOF_START + PROOF_LENGTH
_HEAD_LENGTH = _PROOF_END + _LENGTH.size


def _with_length(encoded: bytes) -> bytes:
    if len(encoded) > MAX_MESSAGE_LENGTH:
        raise ExchangeError(_too_long(len(encoded)))
    return _LENGTH.pack(len(encoded)) + encoded


def _length_at(received: bytearray, offset: int) -> int:
    length: int = _LENGTH.unpack_from(received, offset)[0]
    if length > MAX_MESSAGE_LENGTH:
        raise UnprovenError(_too_long(length))
    return length


def _too_long(length: int) -> str:
    return f"handshake message of {length} bytes, at most {MAX_MESSAGE_LENGTH} are allowed"


def _parse(kind: type[M], data: bytes) -> M:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise ExchangeError(f"handshake message cannot be parsed: {error}") from error
