"""`anabranch options`: every option, its default and meaning."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from anabranch.config import OPTIONS, Option

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("options", help="list the options of a job with their defaults")
    parser.add_argument("--json", action="store_true", help="print JSON, one option a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints the options; returns 0."""
    for option in OPTIONS.values():
        if arguments.json:
            print(json.dumps(_described(option)))  # noqa: T201 - a command's output
            continue
        default = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)
        print(f"{option.name} = {default}\n    {option.doc}\n    environment: {option.variable}")  # noqa: T201 - a command's output
    return 0


def _described(option: Option) -> dict[str, object]:
    described: dict[str, object] = {
        "name": option.name,
        "default": option.default,
        "meaning": option.doc,
        "environment": option.variable,
    }
    if option.choices:
        described["choices"] = sorted({str(option.default), *option.choices})
    return described
