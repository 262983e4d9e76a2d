"""The server's half of authentication.proto."""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from anabranch.control.proofs import CHALLENGE_METHOD, METADATA, Proofs, new_nonce, require_unguessable, same
from anabranch.v1.authentication_pb2 import ChallengeResponse
from anabranch.v1.authentication_pb2_grpc import AuthenticationServicer, add_AuthenticationServicer_to_server

_ROTATION = 300.0
_MOST_CALLS = 100_000
_NONCE_LENGTH = 64
_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Challenges:
    """The challenges that a server has given out of late, and the nonces that were used with them.

    The newest is replaced after five minutes or a hundred thousand calls, and refused once the next one is replaced.
    So what is remembered is bounded, and what somebody has recorded is good for nothing.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since = now()
        self._used: dict[str, set[str]] = {new_nonce(): set()}

    def current(self) -> str:
        """Returns the newest challenge."""
        newest = next(reversed(self._used))
        age = self._now() - self._since
        if age > _ROTATION or len(self._used[newest]) >= _MOST_CALLS:
            kept = {} if age > 2 * _ROTATION else {newest: self._used[newest]}
            self._since = self._now()
            newest = new_nonce()
            self._used = {**kept, newest: set()}
        return newest

    def take(self, challenge: str, nonce: str) -> bool:
        """Returns whether the challenge is good and the nonce new with it, which it is only once."""
        self.current()
        used = self._used.get(challenge)
        if used is None or nonce in used:
            return False
        used.add(nonce)
        return True


class AuthenticationService(AuthenticationServicer, grpc.aio.ServerInterceptor):  # type: ignore[misc] # no types
    """Refuses every call without a proof before anything of it is read, and proves itself to the others."""

    def __init__(self, token: str) -> None:
        """Creates one for a server.

        Raises:
            ConfigError: The token can be guessed.
        """
        self._proofs = Proofs(require_unguessable(token, "this server"))
        self._challenges = Challenges()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Has the server answer clients that want a challenge."""
        add_AuthenticationServicer_to_server(self, server)

    async def Challenge(self, _requests: Any, context: Any) -> ChallengeResponse:  # noqa: D102, N802
        nonce = str(dict(context.invocation_metadata()).get(METADATA, ""))
        if len(nonce) != _NONCE_LENGTH:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, f"metadata entry {METADATA}: expected a nonce")
        challenge = self._challenges.current()
        return ChallengeResponse(challenge=challenge, proof=self._proofs.of_challenge(nonce, challenge))

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        """Passes the call on if its proof is right."""
        if details.method == CHALLENGE_METHOD:
            return await continuation(details)
        answer = self._answer(details.method, str(dict(details.invocation_metadata).get(METADATA, "")))
        if answer is None:
            # A handler of a unary request would be called once that was read, and unpacked, however large it is.
            return grpc.stream_unary_rpc_method_handler(_refuse)
        handler = await continuation(details)
        return None if handler is None else _proving(handler, answer)

    def _answer(self, method: str, given: str) -> str | None:
        """Returns this server's proof for a call; None if the client's is wrong or not new."""
        challenge, _, rest = given.partition(".")
        nonce, _, proof = rest.partition(".")
        if not same(proof, self._proofs.of_client(method, challenge, nonce)):
            return None
        if not self._challenges.take(challenge, nonce):
            return None
        return self._proofs.of_server(method, challenge, nonce)


async def _refuse(_requests: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "wrong or missing token")


def _proving(handler: Any, proof: str) -> Any:
    """Returns a handler that sends the proof before anything else."""
    kind = next(each for each in _KINDS if getattr(handler, each) is not None)
    answer = getattr(handler, kind)

    async def one(request: Any, context: Any) -> Any:
        await context.send_initial_metadata(((METADATA, proof),))
        return await answer(request, context)

    async def many(request: Any, context: Any) -> AsyncIterator[Any]:
        await context.send_initial_metadata(((METADATA, proof),))
        async for each in answer(request, context):
            yield each

    return handler._replace(**{kind: many if inspect.isasyncgenfunction(answer) else one})
