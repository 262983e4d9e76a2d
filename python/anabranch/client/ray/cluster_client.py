"""A job on a Ray cluster, as its client sees it."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc

from anabranch.client.ray.connection import cluster_address, connect, is_connected
from anabranch.client.ray.job_spec import JobSpec
from anabranch.client.ray.packages import package
from anabranch.client.ray.registry import CALL_TIMEOUT, find_registry
from anabranch.config import Options
from anabranch.control.channel import Channel
from anabranch.control.proofs import new_token
from anabranch.errors import AnabranchError, ConfigError, JavaNotFoundError, JobCancelledError, JobFailedError
from anabranch.job import new_job_id
from anabranch.launch.environment import inherited
from anabranch.launch.ray import java_flags
from anabranch.launch.search_path import search_path
from anabranch.master.collected import CollectedBatches
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.gateway_pb2_grpc import MasterStub
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, OPERATOR_KIND_COLLECT, JobGraph

ENDED = (gateway.JOB_STATE_FINISHED, gateway.JOB_STATE_FAILED, gateway.JOB_STATE_CANCELLED)

_FOLLOW_MS = 2000
_RPC_TIMEOUT = 30.0
# A failed master is restarted within a few seconds; that its node is lost, Ray notices after a minute or more.
_FIND_TIMEOUT = 180.0
_FIND_LOOK = 0.2
_CANCEL_TIMEOUT = 60.0
_NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)
_LEAST_START_TIMEOUT = 30.0  # for the master itself, which needs no place
_SUBMIT_EXTRA = 120.0  # what a submission may take besides finding a place: to connect, to bring the code
# Not `-m`: that would put the current directory in front of the module search path.
# Its arguments are the module search path.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[1:]; del sys.argv[1:]; from anabranch.gateway.ray.submit import main; main()"
)
# Set by `ray job submit` for the driver alone; the job has a Ray job of its own.
_DRIVERS_OWN = ("RAY_JOB_CONFIG_JSON_ENV_VAR",)


class MasterGoneError(AnabranchError):
    """The master of a job is not there any more: the job has ended, or was never there."""

    code = "AB106"


class MasterClient:
    """Calls the master of one job, wherever in the cluster it is by now. For use by any thread."""

    def __init__(self, ray: Any, job_id: str, token: str, address: str = "") -> None:
        """Creates a client.

        Args:
            ray: The module, connected.
            job_id: The job.
            token: The secret of its clients.
            address: host:port of the master, if it is known.
        """
        self._ray = ray
        self._job_id = job_id
        self._token = token
        self._lock = threading.Lock()
        self._stub: MasterStub | None = None
        self._channel: Channel | None = None
        if address:
            self._dial(address)

    def call(self, method: str, request: Any, timeout: float = _RPC_TIMEOUT) -> Any:
        """Returns the answer to a call; finds the master again if it has moved.

        Raises:
            MasterGoneError: There is no such master any more.
            AnabranchError: It does not answer.
        """
        deadline = time.monotonic() + _FIND_TIMEOUT
        while True:
            try:
                stub = self._stub or self._find()
                return getattr(stub, method)(request, timeout=timeout)
            except grpc.RpcError as error:
                code = error.code() if isinstance(error, grpc.Call) else None
                if code not in _NO_ANSWER:
                    details = error.details() if isinstance(error, grpc.Call) else error
                    raise AnabranchError(f"job {self._job_id}: its master says: {details}") from error
                self.hang_up()
                if time.monotonic() > deadline:
                    raise AnabranchError(f"job {self._job_id}: its master does not answer: {error}") from error
                time.sleep(_FIND_LOOK)

    def _find(self) -> MasterStub:
        deadline = time.monotonic() + _FIND_TIMEOUT
        while True:
            registry = find_registry(self._ray)
            try:
                found = registry and self._ray.get(registry.address.remote(self._job_id), timeout=CALL_TIMEOUT)
            except self._ray.exceptions.RayError as error:
                raise AnabranchError(f"job {self._job_id}: the registry of jobs does not answer: {error}") from error
            if found is None:
                raise MasterGoneError(f"there is no running job {self._job_id!r} in the cluster")
            if found:
                return self._dial(found)
            if time.monotonic() > deadline:
                raise AnabranchError(f"job {self._job_id}: its master has not come up in {_FIND_TIMEOUT:g} s")
            time.sleep(_FIND_LOOK)

    def _dial(self, address: str) -> MasterStub:
        with self._lock:
            self._channel = Channel(address, self._token)
            self._stub = MasterStub(self._channel.calls)
            return self._stub

    def hang_up(self) -> None:
        """Closes the connection; another call opens it again."""
        with self._lock:
            channel, self._channel, self._stub = self._channel, None, None
        if channel is not None:
            channel.close()


class ClusterJob:
    """A job that runs on a Ray cluster. Methods may be called from any thread."""

    def __init__(self, ray: Any, spec: JobSpec, address: str = "") -> None:
        """Takes hold of a job that was submitted, here or elsewhere."""
        self.job_id = spec.job_id
        self.detached = spec.detached
        self.collected = CollectedBatches()
        self._ray = ray
        self._spec = spec
        self._master = MasterClient(ray, spec.job_id, spec.token, address)
        self._last_status: gateway.JobStatus | None = None

    @property
    def recovers(self) -> bool:
        """True if tasks may begin again after a failure."""
        return Options(dict(self._spec.job_graph().config)).mode != "none"

    @staticmethod
    def submit(graph: JobGraph, options: Options) -> ClusterJob:
        """Brings a job and its code to the cluster and starts its master.

        Raises:
            ConfigError: An option does not fit, or there is no cluster.
            JavaNotFoundError: The job has Java operators, and Java cannot run.
            AnabranchError: Ray could not start the master.
        """
        detached = options.flag("anabranch.detached")
        if detached and any(operator.kind == OPERATOR_KIND_COLLECT for operator in graph.operators):
            raise ConfigError("a detached job has no driver that could collect its records; use a sink")
        runtime_env = _given_runtime_env(options)
        address = options.text("anabranch.ray.address")
        if detached and not (address or os.environ.get("RAY_ADDRESS") or is_connected()):
            raise ConfigError("a detached job needs a cluster that outlives its driver (option anabranch.ray.address)")
        ray = connect(address)
        if find_registry(ray) is None:
            _ask({"ray_address": cluster_address(ray), "registry": True})
        spec, contents = _specify(ray, graph, options, detached=detached)
        has_java = any(operator.language == LANGUAGE_JAVA for operator in graph.operators)
        timeout = max(_LEAST_START_TIMEOUT, options.integer("anabranch.ray.place-timeout-ms") / 1000)
        request = {
            "ray_address": cluster_address(ray),
            "runtime_env": {**_drivers_runtime_env(ray), **runtime_env},
            "spec": spec,
            "worker_token": new_token(),
            "contents": {each: content for each, (_, content) in contents.items()},
            "jvm_options": java_flags.flags(options, spec.class_archive) if has_java else [],
            "timeout": timeout,
        }
        return ClusterJob(ray, spec, str(_ask(request, timeout)["address"]))

    def follow(
        self, on_line: Callable[[gateway.LogLine], None], on_end: Callable[[AnabranchError | None], None]
    ) -> threading.Thread:
        """Follows the job on a thread, which is returned: lines, collected records, its end.

        Args:
            on_line: Takes what the workers print.
            on_end: Called once, at the end, with the error that the job ended with, or None.
        """
        thread = threading.Thread(target=self._follow, args=(on_line, on_end), name="follow-job", daemon=True)
        thread.start()
        return thread

    def status(self) -> gateway.JobStatus:
        """Returns what the job is doing, or how it has ended."""
        if self._last_status is not None and self._last_status.state in ENDED:
            return self._last_status
        try:
            status: gateway.JobStatus = self._master.call("GetStatus", gateway.StatusRequest(job_id=self.job_id))
        except MasterGoneError:
            return self._ended_status()
        return status

    def cancel(self) -> None:
        """Asks the master to cancel the job, and waits until it has ended."""
        with contextlib.suppress(MasterGoneError):  # it has ended already
            self._master.call("Cancel", gateway.CancelRequest(job_id=self.job_id), timeout=_CANCEL_TIMEOUT)

    def explain(self) -> gateway.ExplainResponse:
        """Returns the execution plan, and where the workers are.

        Raises:
            MasterGoneError: The job has ended.
        """
        response: gateway.ExplainResponse = self._master.call("Explain", gateway.ExplainRequest(job_id=self.job_id))
        return response

    def lines_since(self, positions: dict[str, int], timeout_ms: int = 0) -> gateway.FollowResponse:
        """Returns the lines after these positions (by worker), which are moved on, and the job's status.

        Raises:
            MasterGoneError: The job has ended.
        """
        request = gateway.FollowRequest(job_id=self.job_id, lines=positions, timeout_ms=timeout_ms)
        response: gateway.FollowResponse = self._master.call("Follow", request)
        for line in response.lines:
            positions[line.worker_id] = max(positions.get(line.worker_id, 0), line.seq)
        return response

    def _follow(
        self, on_line: Callable[[gateway.LogLine], None], on_end: Callable[[AnabranchError | None], None]
    ) -> None:
        error: AnabranchError | None
        try:
            status = self._follow_to_end(on_line)
            self._last_status = status
            error = error_of(status)
        except AnabranchError as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001 - whatever it is, no wait is unlimited
            error = JobFailedError(f"job {self.job_id} cannot be followed any more: {failure!r}")
        self._master.hang_up()
        on_end(error)

    def _follow_to_end(self, on_line: Callable[[gateway.LogLine], None]) -> gateway.JobStatus:
        request = gateway.FollowRequest(job_id=self.job_id, timeout_ms=_FOLLOW_MS, owner=True)
        while True:
            knows_end = request.state in ENDED
            try:
                response = self._master.call("Follow", request)
            except MasterGoneError:
                return self._ended_status()
            for line in response.lines:
                if line.seq > request.lines.get(line.worker_id, 0):
                    request.lines[line.worker_id] = line.seq
                    on_line(line)
            for back in response.taken_back:
                self.collected.take_back(back)
            request.taken_back += len(response.taken_back)
            for batch in response.collected:
                self.collected.add(batch)
            request.collected.update(self.collected.last)
            request.state = response.status.state
            # The master has to hear that we know: it ends then.
            if knows_end and not response.lines and not response.collected:
                status: gateway.JobStatus = response.status
                return status

    def _ended_status(self) -> gateway.JobStatus:
        """Returns how the job has ended, as the registry remembers it."""
        registry = find_registry(self._ray)
        ended = None if registry is None else self._ray.get(registry.ended.remote(self.job_id), timeout=CALL_TIMEOUT)
        if ended is None:
            raise MasterGoneError(f"there is no job {self.job_id!r} in the cluster, nor is its end remembered")
        return gateway.JobStatus.FromString(ended[0])


def error_of(status: gateway.JobStatus) -> AnabranchError | None:
    """Returns the error that a job ended with, or None if it has finished."""
    if status.state == gateway.JOB_STATE_CANCELLED:
        return JobCancelledError(status.message or f"job {status.job_name} was cancelled")
    if status.state == gateway.JOB_STATE_FAILED:
        error = status.error if status.HasField("error") else None
        return JobFailedError(status.message, job_name=status.job_name, error=error)
    return None


def _specify(
    ray: Any, graph: JobGraph, options: Options, *, detached: bool
) -> tuple[JobSpec, dict[str, tuple[str, bytes]]]:
    copy = JobGraph()
    copy.CopyFrom(graph)
    copy.config.update(options.to_map())
    contents = package(copy)
    spec = JobSpec(
        job_id=new_job_id(graph.name),
        token=new_token(),
        graph=copy.SerializeToString(),
        detached=detached,
        paths=tuple(search_path()),
        directory=f"anabranch-ray-{secrets.token_hex(12)}",
        started_ms=int(time.time() * 1000),
        packages={each: name for each, (name, _) in contents.items()},
        class_archive=java_flags.archive_path(ray, options),
    )
    return spec, contents


def _ask(request: dict[str, Any], timeout: float = 0) -> dict[str, Any]:
    """Has a process of its own do something on the cluster; returns its answer.

    The process connects to Ray for itself. So the job has a Ray job of its own, whose code search path, JVM flags and
    runtime environment do not depend on how, and how often, this process has called `ray.init`.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _BOOT, *search_path()],
        env={name: value for name, value in inherited().items() if name not in _DRIVERS_OWN},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C of the terminal is for this process alone
    )
    try:
        out, err = process.communicate(pickle.dumps(request), timeout + _SUBMIT_EXTRA)
    except subprocess.TimeoutExpired:
        raise AnabranchError("the Ray cluster did not take the job in time") from None
    finally:
        process.kill()
        process.wait()
    lines = out.decode(errors="replace").strip().splitlines()
    try:
        answer: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = err.decode(errors="replace").strip()[-4000:]
        raise AnabranchError(f"the job could not be submitted to the Ray cluster, which said:\n{said}") from None
    if "error" in answer:
        kind = {"ConfigError": ConfigError, "JavaNotFoundError": JavaNotFoundError}.get(answer["kind"], AnabranchError)
        raise kind(answer["error"])
    return answer


def _given_runtime_env(options: Options) -> dict[str, Any]:
    text = options.text("anabranch.ray.runtime-env")
    try:
        given = json.loads(text) if text else {}
        if not isinstance(given, dict):
            raise TypeError("it is not an object")  # noqa: TRY301 - one message for all that can be wrong
    except (ValueError, TypeError) as error:
        raise ConfigError(f"option anabranch.ray.runtime-env: expected a JSON object, got {text!r}: {error}") from None
    return given


def _drivers_runtime_env(ray: Any) -> dict[str, Any]:
    """Returns the runtime environment that the driver itself has, under `ray job submit` for example."""
    return {name: value for name, value in dict(ray.get_runtime_context().runtime_env).items() if value}
