"""`anabranch list | status | logs | cancel | explain`: the jobs of a gateway or of a Ray cluster."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from anabranch.cli.token import TOKEN_VARIABLE, known_token
from anabranch.errors import AnabranchError
from anabranch.text import printable

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ADDRESS = "ANABRANCH_GATEWAY"
_RAY = "RAY_ADDRESS"
_CALL_TIMEOUT = 60.0
_WATCH_INTERVAL = 2.0
_MOST_SECONDS = 86_400.0
_CLEAR = "\x1b[H\x1b[2J"


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands to the parser."""
    for name, run, text in (
        ("list", _list, "list the jobs"),
        ("status", _status, "show what a job is doing"),
        ("logs", _logs, "show what a job has printed"),
        ("cancel", _cancel, "stop a job and wait for its end"),
        ("explain", _explain, "show the execution plan of a job, and where its workers are"),
    ):
        parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name != "list":
            parser.add_argument("job_id")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--gateway", metavar="HOST:PORT", help=f"ask this gateway (default: {_ADDRESS})")
        where.add_argument("--ray", metavar="ADDRESS", help=f"ask this Ray cluster, `auto` or host:port (else: {_RAY})")
        parser.add_argument(
            "--token-file", type=Path, help=f"file that holds the gateway's token (default: {TOKEN_VARIABLE})"
        )
        parser.add_argument("--json", action="store_true", help="print JSON, one value a line")
        parser.set_defaults(run=_guarded(run))
        if name == "logs":
            parser.add_argument("-f", "--follow", action="store_true", help="continue until the job has ended")
        if name == "status":
            parser.add_argument(
                "-w",
                "--watch",
                metavar="SECONDS",
                type=_seconds,
                nargs="?",
                const=_WATCH_INTERVAL,
                help="show it again and again until the job has ended (default: every %(const)s s)",
            )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected seconds, got {text!r}; the id of a job comes before it") from None
    if not 0 < seconds <= _MOST_SECONDS:  # not a number at all, maybe
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0 and at most a day, got {text}")
    return seconds


class _Jobs(Protocol):
    """Where jobs are."""

    def all(self) -> list[Any]:
        """Returns the JobStatus of every job."""

    def status(self, job_id: str) -> Any:
        """Returns the JobStatus of a job."""

    def logs(self, job_id: str, *, follow: bool) -> Iterator[Any]:
        """Yields LogLines."""

    def cancel(self, job_id: str) -> Any:
        """Stops a job; returns its JobStatus."""

    def explain(self, job_id: str) -> Any:
        """Returns the ExplainResponse of a job."""


def _guarded(run: Any) -> Any:
    """Turns what goes wrong into one line and an exit code."""

    def guarded(arguments: argparse.Namespace) -> int:
        import grpc  # noqa: PLC0415 - the other commands need no gRPC

        try:
            return int(run(arguments, _jobs(arguments)))
        except AnabranchError as error:
            problem = str(error)
        except grpc.RpcError as error:
            problem = str(error.details() if isinstance(error, grpc.Call) else error)
            if isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE:
                where = arguments.gateway or os.environ.get(_ADDRESS)
                problem = f"no gateway answers at {where}; is it running, and is the address right? ({problem})"
        except KeyboardInterrupt:
            return 130
        _write(f"anabranch {arguments.command}: {problem}", sys.stderr)
        return 1

    return guarded


def _jobs(arguments: argparse.Namespace) -> _Jobs:
    gateway, ray = arguments.gateway, arguments.ray
    if gateway is None and ray is None:
        gateway = os.environ.get(_ADDRESS)
        ray = None if gateway else os.environ.get(_RAY)
    if ray:
        from anabranch.client.ray.jobs import ClusterJobs  # noqa: PLC0415 - Ray is an extra

        return ClusterJobs(ray)
    return _GatewayJobs(gateway, known_token(arguments.token_file))


class _GatewayJobs:
    """The jobs that a gateway hosts."""

    def __init__(self, address: str | None, token: str) -> None:
        from anabranch.control.channel import Channel  # noqa: PLC0415 - only these need gRPC
        from anabranch.v1.gateway_pb2_grpc import GatewayStub  # noqa: PLC0415

        if not address or not token:
            raise AnabranchError(
                f"which jobs? Set {_ADDRESS} (or --gateway) to host:port, and {TOKEN_VARIABLE} (or --token-file);"
                " or --ray to `auto` or host:port"
            )
        self._stub = GatewayStub(Channel(address, token).calls)

    def all(self) -> list[Any]:
        from anabranch.v1.gateway_pb2 import ListRequest  # noqa: PLC0415 - see above

        return list(self._call("List", ListRequest()).jobs)

    def status(self, job_id: str) -> Any:
        from anabranch.v1.gateway_pb2 import StatusRequest  # noqa: PLC0415 - see above

        return self._call("GetStatus", StatusRequest(job_id=job_id))

    def logs(self, job_id: str, *, follow: bool) -> Iterator[Any]:
        from anabranch.v1.gateway_pb2 import LogsRequest  # noqa: PLC0415 - see above

        yield from self._stub.Logs(LogsRequest(job_id=job_id, follow=follow))

    def cancel(self, job_id: str) -> Any:
        from anabranch.v1.gateway_pb2 import CancelRequest  # noqa: PLC0415 - see above

        return self._call("Cancel", CancelRequest(job_id=job_id))

    def explain(self, job_id: str) -> Any:
        from anabranch.v1.gateway_pb2 import ExplainRequest  # noqa: PLC0415 - see above

        return self._call("Explain", ExplainRequest(job_id=job_id))

    def _call(self, method: str, request: Any) -> Any:
        return getattr(self._stub, method)(request, timeout=_CALL_TIMEOUT)


def _list(arguments: argparse.Namespace, jobs: _Jobs) -> int:
    from anabranch.cli.job_text import listed  # noqa: PLC0415 - see above

    found = jobs.all()
    for job, line in zip(found, listed(found), strict=True):
        _print(arguments, job, line)
    return 0


def _status(arguments: argparse.Namespace, jobs: _Jobs) -> int:
    from anabranch.cli.job_text import has_ended  # noqa: PLC0415 - see above

    job = jobs.status(arguments.job_id)
    while arguments.watch is not None and not has_ended(job):
        if sys.stdout.isatty() and not arguments.json:
            print(_CLEAR, end="")  # noqa: T201 - a command's output
        _show(arguments, job)
        time.sleep(arguments.watch)
        job = jobs.status(arguments.job_id)
    _show(arguments, job)
    return 0


def _logs(arguments: argparse.Namespace, jobs: _Jobs) -> int:
    for line in jobs.logs(arguments.job_id, follow=arguments.follow):
        _print(arguments, line, f"[{line.task}] {line.line}" if line.task else line.line)
    return 0


def _cancel(arguments: argparse.Namespace, jobs: _Jobs) -> int:
    _show(arguments, jobs.cancel(arguments.job_id))
    return 0


def _explain(arguments: argparse.Namespace, jobs: _Jobs) -> int:
    response = jobs.explain(arguments.job_id)
    places = [
        f"worker {worker.worker_id}: process {worker.pid} on {worker.host}"
        if worker.host
        else f"worker {worker.worker_id}"
        for worker in response.workers
    ]
    _print(arguments, response, "\n".join([response.plan, "", *places]))
    return 0


def _show(arguments: argparse.Namespace, job: Any) -> None:
    from anabranch.cli.job_text import described  # noqa: PLC0415 - see above

    _print(arguments, job, described(job))


def _print(arguments: argparse.Namespace, message: Any, text: str) -> None:
    if arguments.json:
        from google.protobuf.json_format import MessageToJson  # noqa: PLC0415 - only where it is wanted

        text = MessageToJson(message, preserving_proto_field_name=True, indent=None)
    _write(text, sys.stdout)


def _write(text: str, stream: TextIO) -> None:
    """Prints text that may hold what records hold."""
    print(printable(text) if stream.isatty() else text, file=stream, flush=True)
