"""The corpus as it is kept: one JSON file for each target, one input a line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.fuzz.values import SCHEMAS
from tests.vectors import generate

CORPUS = Path(__file__).parent / "corpus"


def load(target: str) -> list[dict[str, Any]]:
    """Returns the entries: `input` as hex and, for `decode`, the outcome in each language."""
    path = CORPUS / f"{target}.json"
    return json.loads(path.read_text()) if path.exists() else []


def save(target: str, entries: list[dict[str, Any]]) -> None:
    """Writes the entries, shortest input first."""
    entries = sorted(entries, key=lambda entry: (len(entry["input"]), entry["input"]))
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{target}.json").write_text(generate.text_of(entries))


def seeds() -> list[bytes]:
    """Returns inputs for `decode` from the vectors that both languages share."""
    vectors = json.loads((generate.HERE / "records.json").read_text())
    vectors += json.loads((generate.HERE / "refused.json").read_text())
    payloads = [vector["bytes"] for vector in vectors]
    plain = [bytes.fromhex(payload) for payload in payloads if isinstance(payload, str) and len(payload) < 800]
    return [b"\x01" + payload for payload in [*plain, *_deep(), *_long()]]


def _deep() -> list[bytes]:
    """Returns every kind of container at the deepest level that is allowed, and one below."""
    empty = ["90", "80", "d40190", "d40390", "d40490", "dc0000", "de0000"]
    instance = "d70e" + SCHEMAS[2].id.to_bytes(8, "big").hex()
    return [bytes.fromhex("91" * levels + innermost) for levels in (63, 64) for innermost in [*empty, instance]]


def _long() -> list[bytes]:
    """Returns a list and a tuple of more elements than the native codec makes room for at once."""
    elements = b"\xdc\x04\x01" + bytes(0x401)
    return [elements, b"\xc8" + len(elements).to_bytes(2, "big") + b"\x01" + elements]


def unpack(inputs: list[bytes], directory: Path) -> None:
    """Writes inputs as the files that libFuzzer reads."""
    directory.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (directory / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(directory: Path) -> list[bytes]:
    """Returns the inputs that libFuzzer has left behind."""
    return [path.read_bytes() for path in sorted(directory.iterdir())]
