"""The vectors of state_files.json: files of docs/design/011-state.md, as bytes, with what snapshots say of their parts.

Laid out here by hand, without the package.
"""

from __future__ import annotations

import hmac
from typing import Any

SECRET = bytes(range(32))
HEADER = b"ABSF" + bytes.fromhex("0001")
LAST = 2**63 - 1


def vectors() -> list[dict[str, Any]]:
    """Returns the files."""
    return [
        state_file("one part", "job", "chk-1/task-3-1.state", [b"a"]),
        state_file("several parts", "job", "chk-7/task-3-2.state", [b"some", bytes(300), b"more"]),
        state_file("after the end", "20261201-wörter", f"chk-{LAST}/task-0-0.state", [bytes(range(256))]),
    ]


def state_file(label: str, job_id: str, name: str, parts: list[bytes]) -> dict[str, Any]:
    """Returns one file."""
    content, noted = HEADER, []
    for part in parts:
        code = code_of(f"{job_id}/{name}", len(content), part)
        noted.append({"offset": len(content), "length": len(part), "bytes": part.hex(), "code": code.hex()})
        content += part
    return {
        "label": label,
        "secret": SECRET.hex(),
        "job_id": job_id,
        "name": name,
        "parts": noted,
        "length": len(content),
        "file": content.hex(),
    }


def code_of(name: str, offset: int, part: bytes) -> bytes:
    """Returns the code of a part, with the key that is derived from the secret (RFC 5869, expand only)."""
    key = hmac.digest(SECRET, b"checkpoint" + b"\x01", "sha256")
    return hmac.digest(key, name.encode() + b"\0" + offset.to_bytes(8, "big") + part, "sha256")[:16]
