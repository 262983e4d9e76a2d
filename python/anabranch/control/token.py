"""What a secret must be to be one."""

from __future__ import annotations

from anabranch.errors import ConfigError

_SHORTEST = 32


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
