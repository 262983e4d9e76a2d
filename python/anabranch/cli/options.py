"""`anabranch options`: every option, its default and meaning."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from anabranch.config import OPTIONS

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("options", help="list the options of a job with their defaults")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Prints the options; returns 0."""
    for option in OPTIONS.values():
        default = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)
        print(f"{option.name} = {default}\n    {option.doc}\n    environment: {option.variable}")  # noqa: T201 - a command's output
    return 0
