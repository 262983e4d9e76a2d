"""Keys for one purpose each, made from a job's secret: whoever learns one of them learns none of the others."""

from __future__ import annotations

import hmac


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Returns 32 bytes: HKDF-Expand of RFC 5869 with SHA-256, for a secret that is random already."""
    return hmac.digest(secret, purpose.encode() + b"\x01", "sha256")
