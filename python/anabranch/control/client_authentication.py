"""The client's half of authentication.proto."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from anabranch.control.proofs import METADATA, Proofs, new_nonce, same
from anabranch.errors import AnabranchError
from anabranch.v1.authentication_pb2_grpc import AuthenticationStub

_RENEWAL = 60.0  # a server takes a challenge for two minutes at least
_TIMEOUT = 10.0


class ImpostorError(AnabranchError):
    """Whoever listens at the address does not know the token."""

    code = "AB105"


class Authenticator(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc] # grpc has no types
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
    grpc.StreamUnaryClientInterceptor,  # type: ignore[misc]
    grpc.StreamStreamClientInterceptor,  # type: ignore[misc]
):
    """Proves with every call of a channel that it knows the token, and believes only a server that does too.

    Nothing of a call is sent before the server has proven it once. For use by any thread.
    """

    def __init__(self, channel: grpc.Channel, address: str, token: str, *, patient: bool) -> None:
        """Creates one for a channel.

        Args:
            channel: The channel.
            address: What it leads to, for messages.
            token: The secret that is shared with the server.
            patient: True to dial again for a while if nothing listens.
        """
        self._stub = AuthenticationStub(channel)
        self._address = address
        self._proofs = Proofs(token)
        self._patient = patient
        self._lock = threading.Lock()
        self._challenge = ""
        self._since = 0.0

    def intercept_unary_unary(self, call: Any, details: Any, request: Any) -> Any:  # noqa: D102
        return self._for_one_answer(call, details, request)

    def intercept_stream_unary(self, call: Any, details: Any, requests: Iterator[Any]) -> Any:  # noqa: D102
        return self._for_one_answer(call, details, requests)

    def intercept_unary_stream(self, call: Any, details: Any, request: Any) -> Any:  # noqa: D102
        return self._for_many_answers(call, details, request)

    def intercept_stream_stream(self, call: Any, details: Any, requests: Iterator[Any]) -> Any:  # noqa: D102
        return self._for_many_answers(call, details, requests)

    def _for_one_answer(self, call: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        signed, expected = self._sign(details)
        answer = call(signed, request)
        code = answer.code()
        if code is grpc.StatusCode.UNAUTHENTICATED:
            self._forget()  # the server is another one at the same address
        if code is grpc.StatusCode.OK and not self._is_proven(answer, expected):
            raise self._impostor()
        return answer

    def _for_many_answers(self, call: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        signed, expected = self._sign(details)
        answers = call(signed, request)
        if self._is_proven(answers, expected):  # waits for the server's initial metadata, which come first
            return answers
        ended = not answers.is_active()
        answers.cancel()
        if ended and answers.code() is not grpc.StatusCode.OK:
            self._forget()
            raise AnabranchError(f"{self._address}: {answers.details()}")
        raise self._impostor()

    def _sign(self, details: Any) -> tuple[Any, str]:
        challenge, nonce, method = self._current_challenge(), new_nonce(), details.method
        proof = self._proofs.of_client(method, challenge, nonce)
        metadata = [*(details.metadata or ()), (METADATA, f"{challenge}.{nonce}.{proof}")]
        return details._replace(metadata=metadata), self._proofs.of_server(method, challenge, nonce)

    def _current_challenge(self) -> str:
        with self._lock:
            if not self._challenge or time.monotonic() - self._since > _RENEWAL:
                self._since = time.monotonic()
                self._challenge = self._ask()
            return self._challenge

    def _forget(self) -> None:
        with self._lock:
            self._challenge = ""

    def _ask(self) -> str:
        nonce = new_nonce()
        answer = self._stub.Challenge(
            iter(()), metadata=[(METADATA, nonce)], timeout=_TIMEOUT, wait_for_ready=self._patient
        )
        challenge = str(answer.challenge)
        if not same(answer.proof, self._proofs.of_challenge(nonce, challenge)):
            raise self._impostor()
        return challenge

    @staticmethod
    def _is_proven(call: Any, expected: str) -> bool:
        return same(str(dict(call.initial_metadata() or ()).get(METADATA, "")), expected)

    def _impostor(self) -> ImpostorError:
        return ImpostorError(f"{self._address}: wrong token: whoever listens there has another one, or none")
