"""`anabranch list | status | logs | cancel`: the jobs of a gateway."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from anabranch.errors import AnabranchError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ADDRESS = "ANABRANCH_GATEWAY"
_TOKEN = "ANABRANCH_GATEWAY_TOKEN"  # noqa: S105 - the name of the variable, not a secret
_CALL_TIMEOUT = 60.0


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands to the parser."""
    listing = commands.add_parser("list", help="list the jobs of a gateway")
    status = commands.add_parser("status", help="show what a job of a gateway is doing")
    logs = commands.add_parser("logs", help="show what a job of a gateway has printed")
    cancel = commands.add_parser("cancel", help="stop a job of a gateway and wait for its end")
    for parser, run in ((listing, _list), (status, _status), (logs, _logs), (cancel, _cancel)):
        if parser is not listing:
            parser.add_argument("job_id")
        parser.add_argument("--gateway", default=os.environ.get(_ADDRESS), help=f"host:port (default: {_ADDRESS})")
        parser.add_argument("--json", action="store_true", help="print JSON, one value a line")
        parser.set_defaults(run=_guarded(run))
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")


def _guarded(run: Any) -> Any:
    """Turns what goes wrong into one line and an exit code."""

    def guarded(arguments: argparse.Namespace) -> int:
        import grpc  # noqa: PLC0415 - the other commands need no gRPC

        try:
            return int(run(arguments, _Gateway(arguments.gateway)))
        except AnabranchError as error:
            problem = str(error)
        except grpc.RpcError as error:
            problem = error.details() if isinstance(error, grpc.Call) else str(error)
        print(f"anabranch {arguments.command}: {problem}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1

    return guarded


class _Gateway:
    """Calls a gateway."""

    def __init__(self, address: str | None) -> None:
        import grpc  # noqa: PLC0415 - the other commands need no gRPC

        from anabranch.v1.gateway_pb2_grpc import GatewayStub  # noqa: PLC0415

        token = os.environ.get(_TOKEN)
        if not address or not token:
            raise AnabranchError(f"which gateway? set {_ADDRESS} (or --gateway) to host:port, and {_TOKEN}")
        self._stub = GatewayStub(grpc.insecure_channel(address))
        self._metadata = [("anabranch-token", token)]

    def call(self, method: str, request: Any) -> Any:
        """Returns the answer to a call that ends soon."""
        return getattr(self._stub, method)(request, metadata=self._metadata, timeout=_CALL_TIMEOUT)

    def stream(self, method: str, request: Any) -> Any:
        """Returns the answers of a stream that may last as long as a job."""
        return getattr(self._stub, method)(request, metadata=self._metadata)


def _list(arguments: argparse.Namespace, gateway: _Gateway) -> int:
    from anabranch.v1.gateway_pb2 import ListRequest  # noqa: PLC0415 - see above

    for job in gateway.call("List", ListRequest()).jobs:
        _print(arguments, job, f"{job.job_id}  {_state(job)}")
    return 0


def _status(arguments: argparse.Namespace, gateway: _Gateway) -> int:
    from anabranch.v1.gateway_pb2 import StatusRequest  # noqa: PLC0415 - see above

    job = gateway.call("GetStatus", StatusRequest(job_id=arguments.job_id))
    _print(arguments, job, _described(job))
    return 0


def _logs(arguments: argparse.Namespace, gateway: _Gateway) -> int:
    from anabranch.v1.gateway_pb2 import LogsRequest  # noqa: PLC0415 - see above

    for line in gateway.stream("Logs", LogsRequest(job_id=arguments.job_id, follow=arguments.follow)):
        _print(arguments, line, line.line)
    return 0


def _cancel(arguments: argparse.Namespace, gateway: _Gateway) -> int:
    from anabranch.v1.gateway_pb2 import CancelRequest  # noqa: PLC0415 - see above

    job = gateway.call("Cancel", CancelRequest(job_id=arguments.job_id))
    _print(arguments, job, _described(job))
    return 0


def _print(arguments: argparse.Namespace, message: Any, text: str) -> None:
    if arguments.json:
        from google.protobuf.json_format import MessageToJson  # noqa: PLC0415 - only where it is wanted

        text = MessageToJson(message, preserving_proto_field_name=True, indent=None)
    print(text, flush=True)  # noqa: T201 - a command's output


def _state(job: Any) -> str:
    from anabranch.v1.gateway_pb2 import JobState  # noqa: PLC0415 - see above

    return str(JobState.Name(job.state)).removeprefix("JOB_STATE_")


def _described(job: Any) -> str:
    lines = [f"{job.job_id}  {_state(job)}"]
    lines += [
        f"  {operator.name}: {operator.records_in} in, {operator.records_out} out, parallelism {operator.parallelism}"
        for operator in job.operators
    ]
    return "\n".join([*lines, job.message] if job.message else lines)
