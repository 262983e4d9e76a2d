"""The same inputs in Java."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.checks import digest, may_differ, payload_of, python_outcome

ROOT = Path(__file__).parents[2]
JAR = ROOT / "python" / "anabranch" / "jars" / "anabranch-runtime.jar"
SOURCE = "java/anabranch-runtime/src/test/java/org/anabranch/runtime/records/FuzzReplay.java"


def outcomes(work: Path, inputs: list[bytes]) -> list[str]:
    """Returns what Java makes of some inputs, as `python_outcome` does."""
    home = os.environ.get("JAVA_HOME")
    tool = lambda name: f"{home}/bin/{name}" if home else name
    classes = work / "java"
    subprocess.run([tool("javac"), "-nowarn", "-cp", JAR, "-d", classes, ROOT / SOURCE], check=True)
    # The jar has a protobuf of its own under another name; records are messages of the users' library.
    library = max(Path.home().glob(".m2/repository/com/google/protobuf/protobuf-java/*/protobuf-java-*.jar"))
    replay = [tool("java"), "-cp", f"{JAR}:{classes}:{library}", "org.anabranch.runtime.records.FuzzReplay"]
    framed = b"".join(struct.pack(">I", len(data)) + data for data in inputs)
    run = subprocess.run(replay, input=framed, stdout=subprocess.PIPE, check=True)
    return run.stdout.decode().splitlines()


def compare(work: Path) -> int:
    """Decodes the corpus in both languages, notes the outcomes in it; returns how many differ that may not."""
    inputs = {bytes.fromhex(entry["input"]) for entry in corpus.load("decode")}
    crossing = (payload_of(bytes.fromhex(entry["input"])) for entry in corpus.load("encode"))
    inputs |= {data for data in crossing if data is not None and len(data) < 1024}
    ordered = sorted(inputs)
    entries, differences = [], 0
    for data, there in zip(ordered, outcomes(work, ordered), strict=True):
        here = python_outcome(data)
        entry = {"input": data.hex(), "outcome": digest(here)}
        if digest(there) != digest(here):
            entry["java"] = digest(there)
            if not may_differ(data, here, there):
                differences += 1
                print(f"{data.hex()}\n  Python: {here[:300]}\n  Java:   {there[:300]}", flush=True)
        entries.append(entry)
    corpus.save("decode", entries)
    refused = sum(entry["outcome"] == "refused" for entry in entries)
    print(f"Java: {len(entries)} inputs compared, {refused} of them refused", flush=True)
    return differences
