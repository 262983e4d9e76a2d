"""The Java operators of the benchmarks, compiled when they have changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anabranch
from benchmarks.measure import OUT

SOURCES = Path(__file__).parent / "java"


def compile_java() -> Path:
    """Returns the directory of the classes."""
    classes = OUT / "classes"
    stamp = classes / ".compiled"
    jar = Path(anabranch.__file__).parent / "jars" / "anabranch-runtime.jar"
    sources = list(SOURCES.rglob("*.java"))
    newest = max(path.stat().st_mtime for path in [jar, *sources])
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        command = ["javac", "-cp", str(jar), "-d", str(classes), *map(str, sources)]
        subprocess.run(command, check=True, timeout=120)
        stamp.touch()
    return classes
