"""Starts the master of one job, or the registry, on a Ray cluster: in a process of its own, which the client starts.

Reads a pickled request from standard input; prints one line of JSON: the master's address, or an error.
"""

from __future__ import annotations

import json
import logging
import pickle
import sys
from typing import Any

from anabranch.client.ray.connection import NAMESPACE
from anabranch.client.ray.job_spec import JobSpec, master_name
from anabranch.client.ray.registry import CALL_TIMEOUT, find_registry, make_registry
from anabranch.errors import AnabranchError, ConfigError
from anabranch.gateway.ray.master import RayJobMaster
from anabranch.job import hash_seed
from anabranch.launch.java import runtime_jar


def main() -> None:
    """Answers one request."""
    request = pickle.loads(sys.stdin.buffer.read())
    try:
        if request.get("registry"):
            _make_registry(request["ray_address"])
            answer = {"registry": "made"}
        else:
            answer = {"address": _submit(request)}
    except AnabranchError as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    print(json.dumps(answer), flush=True)  # noqa: T201 - that is the answer


def _make_registry(address: str) -> None:
    import ray  # noqa: PLC0415 - slow to import

    ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    ray.get(make_registry(ray).missing.remote([]), timeout=CALL_TIMEOUT)


def _submit(request: dict[str, Any]) -> str:
    import ray  # noqa: PLC0415 - slow to import
    from ray.job_config import JobConfig  # noqa: PLC0415

    spec: JobSpec = request["spec"]
    runtime_env = dict(request["runtime_env"])
    # A worker that is started again must iterate its sets alike.
    runtime_env["env_vars"] = {"PYTHONHASHSEED": str(hash_seed()), **(runtime_env.get("env_vars") or {})}
    java = request["jvm_options"]
    # What Ray's dashboard and `ray list jobs` show of it.
    metadata = {"job_name": spec.job_graph().name, "anabranch_job_id": spec.job_id}
    job_config = JobConfig(metadata=metadata)
    if java:
        job_config = JobConfig(metadata=metadata, code_search_path=[str(runtime_jar())], jvm_options=java)
    try:
        ray.init(
            address=request["ray_address"],
            namespace=NAMESPACE,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env=runtime_env,
            job_config=job_config,
        )
    except (ValueError, ConnectionError, RuntimeError) as error:
        raise ConfigError(f"the Ray cluster does not take the job: {error}") from error
    registry = find_registry(ray)
    if registry is None:
        raise AnabranchError("the registry of jobs was lost")
    contents: dict[str, bytes] = request["contents"]
    try:
        for missing in ray.get(registry.missing.remote(list(contents)), timeout=request["timeout"]):
            ray.get(registry.add_package.remote(missing, contents[missing]), timeout=CALL_TIMEOUT)
        ray.get(registry.add.remote(spec), timeout=CALL_TIMEOUT)
        actor_class: Any = ray.remote(RayJobMaster)
        actor = actor_class.options(
            name=master_name(spec.job_id),
            namespace=NAMESPACE,
            lifetime="detached",
            max_restarts=-1,
            max_concurrency=16,
            num_cpus=0,
        )
        master = actor.remote(spec.job_id, request["worker_token"])
        return str(ray.get(master.address.remote(), timeout=request["timeout"]))
    except ray.exceptions.GetTimeoutError:
        raise AnabranchError(
            f"the Ray cluster has not started the job master within {request['timeout']:g} s "
            "(option anabranch.ray.place-timeout-ms)"
        ) from None
    except ray.exceptions.RayError as error:
        raise AnabranchError(f"the Ray cluster could not start the job master: {error}") from error
