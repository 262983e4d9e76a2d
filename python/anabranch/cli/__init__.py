"""The command line: `anabranch COMMAND`."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import signal
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import NoReturn

from anabranch.cli import doctor, gateway, jobs, options

_COMMANDS = (doctor, gateway, jobs, options)
_BROKEN_PIPE = 128 + signal.SIGPIPE  # what shells say of a program that a closed pipe has ended
_WRONG_COMMAND = re.compile(r"argument COMMAND: invalid choice: '(.*?)'")


class _Parser(argparse.ArgumentParser):
    """Says of a mistyped command which one may have been meant."""

    commands: argparse._SubParsersAction[argparse.ArgumentParser]

    def error(self, message: str) -> NoReturn:
        wrong = _WRONG_COMMAND.match(message)
        near = difflib.get_close_matches(wrong[1], self.commands.choices, n=1) if wrong else []
        super().error(f"{message}; did you mean {near[0]}?" if near else message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    parser = _Parser(
        prog="anabranch", description="A streaming engine in which Python and Java operators share one job."
    )
    parser.add_argument("--version", action="version", version=f"anabranch {metadata.version('anabranch')}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser
    )
    parser.commands = commands
    for command in _COMMANDS:
        command.add_to(commands)
    parsed = parser.parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except BrokenPipeError:  # by `| head`, which has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        return _BROKEN_PIPE
    return code
