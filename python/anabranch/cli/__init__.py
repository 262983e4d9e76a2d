"""The command line: `anabranch COMMAND`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import metadata

from anabranch.cli import doctor, gateway, jobs, options

_COMMANDS = (doctor, gateway, jobs, options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="anabranch", description="A streaming engine in which Python and Java operators share one job."
    )
    parser.add_argument("--version", action="version", version=f"anabranch {metadata.version('anabranch')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_to(commands)
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code
