"""What proves that one knows a token, without showing it: see authentication.proto."""

from __future__ import annotations

import hmac
import secrets

from anabranch.errors import ConfigError

METADATA = "anabranch-auth"
CHALLENGE_METHOD = "/anabranch.v1.Authentication/Challenge"

_SHORTEST = 32
_NONCE_BYTES = 32


def new_token() -> str:
    """Returns a secret that nobody can guess, as 64 hex digits."""
    return secrets.token_hex(_NONCE_BYTES)


def new_nonce() -> str:
    """Returns a value that was never there before, as 64 hex digits."""
    return secrets.token_hex(_NONCE_BYTES)


def require_unguessable(token: str, source: str) -> str:
    """Returns the token.

    Args:
        token: A secret that opens a server of the control plane.
        source: Where it comes from, for the message.

    Raises:
        ConfigError: It is empty or short.
    """
    if len(token) < _SHORTEST:
        raise ConfigError(
            f"{source}: the token has {len(token)} characters, fewer than {_SHORTEST}: whoever guesses it can run code;"
            " take 32 random bytes in hex, e.g. of `openssl rand -hex 32`"
        )
    return token


class Proofs:
    """Those of everybody who knows one token."""

    def __init__(self, token: str) -> None:
        self._key = token.encode()

    def of_challenge(self, nonce: str, challenge: str) -> str:
        """Returns what a server answers to a client that wants a challenge."""
        return self._proof("challenge", nonce, challenge)

    def of_client(self, method: str, challenge: str, nonce: str) -> str:
        """Returns what a client sends with a call."""
        return self._proof("client", method, challenge, nonce)

    def of_server(self, method: str, challenge: str, nonce: str) -> str:
        """Returns what the server answers to it."""
        return self._proof("server", method, challenge, nonce)

    def _proof(self, *parts: str) -> str:
        return hmac.digest(self._key, "|".join(parts).encode(), "sha256").hex()


def same(given: str, expected: str) -> bool:
    """Compares without telling by the time how much was right."""
    return hmac.compare_digest(given.encode(), expected.encode())
