"""`anabranch doctor`: what this installation can do, and what it lacks."""

from __future__ import annotations

import argparse
import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from anabranch.config import Options
from anabranch.errors import AnabranchError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_LIBRARIES = ("grpcio", "protobuf", "py4j", "cloudpickle", "mmh3", "rich")


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("doctor", help="say what this installation can do and what it lacks")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Prints the findings; returns 1 if Java operators cannot run here."""
    from anabranch.launch.jvm import find_java, runtime_jar  # noqa: PLC0415 - the other commands need no py4j
    from anabranch.records import codec_name  # noqa: PLC0415

    _say("anabranch", metadata.version("anabranch"))
    _say("python", f"{platform.python_version()} at {sys.executable}")
    for library in _LIBRARIES:
        _say(library, metadata.version(library))
    _say("record codec", codec_name())
    try:
        _say("java", str(find_java(Options())))
        _say("runtime jar", str(runtime_jar()))
    except AnabranchError as error:
        _say("java", f"Java operators cannot run here: {error}")
        return 1
    return 0


def _say(what: str, found: str) -> None:
    print(f"{what + ':':<14}{found}")  # noqa: T201 - a command's output
