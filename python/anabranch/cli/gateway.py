"""`anabranch gateway`: hosts jobs for clients of any language."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from anabranch.cli.token import TOKEN_VARIABLE, gateway_token
from anabranch.errors import AnabranchError
from anabranch.launch.search_path import search_path

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "gateway",
        help="host jobs for clients of any language",
        description="Hosts jobs for clients of any language until it is interrupted. Prints its address.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument(
        "--token-file",
        type=Path,
        help=f"file that holds the token; made, for the user alone, if it does not exist (default: {TOKEN_VARIABLE})",
    )
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end when standard input does, for a gateway that is a child"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serves until interrupted; returns the exit code."""
    _search_the_current_directory()
    try:
        token = gateway_token(arguments.token_file)
        asyncio.run(_serve(arguments.host, arguments.port, token, until_stdin_ends=arguments.until_stdin_ends))
    except AnabranchError as error:
        print(f"anabranch gateway: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    return 0


def _search_the_current_directory() -> None:
    """Has Python functions that jobs name be found where the gateway runs, however the command was started."""
    directory = str(Path.cwd())
    if directory not in search_path() and not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, directory)


async def _serve(host: str, port: int, token: str, *, until_stdin_ends: bool) -> None:
    from anabranch.gateway.service import GatewayService  # noqa: PLC0415 - the other commands need no gRPC

    service = GatewayService(token)
    bound = await service.start(host, port)
    print(f"anabranch gateway listens on {host}:{bound}", flush=True)  # noqa: T201 - read by clients that start one
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_ends:

        def read_stdin() -> None:  # on a thread: not every kind of file can be waited for
            while os.read(sys.stdin.fileno(), 4096):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=read_stdin, name="anabranch-stdin", daemon=True).start()
    await stop.wait()
    await service.stop()
