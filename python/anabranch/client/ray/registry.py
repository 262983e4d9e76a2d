"""The registry of a cluster's jobs: one named actor that outlives them."""

from __future__ import annotations

import contextlib
import hashlib
from collections import OrderedDict
from typing import Any

from anabranch.client.ray.connection import NAMESPACE
from anabranch.client.ray.job_spec import JobSpec

NAME = "registry"
CALL_TIMEOUT = 60.0

_KEPT_ENDED = 100
# A resource that only the first node has, and how much of it to ask for.
_HEAD = "node:__internal_head__"
_LITTLE = 0.001


class JobRegistry:
    """Keeps what must outlive the master of a job: its specification, its code, and how it has ended.

    Jobs that have ended are forgotten when there are more than a hundred. The registry lives in memory, on the first
    node of the cluster: should it fail, running jobs continue, but their masters cannot be started again.
    """

    def __init__(self) -> None:
        self._specs: dict[str, JobSpec] = {}
        self._addresses: dict[str, str] = {}
        self._master_states: dict[str, bytes] = {}
        self._ended: OrderedDict[str, tuple[bytes, list[bytes]]] = OrderedDict()
        self._packages: dict[str, Any] = {}

    def missing(self, hashes: list[str]) -> list[str]:
        """Returns the content hashes of packages that are not here."""
        return [each for each in hashes if each not in self._packages]

    def add_package(self, content_hash: str, content: bytes) -> None:
        """Keeps a package in Ray's object store, from where any node can fetch it.

        Raises:
            ValueError: The content has another hash: it would take the place of another job's code.
        """
        if hashlib.sha256(content).hexdigest() != content_hash:
            raise ValueError(f"a package was sent whose SHA-256 is not {content_hash}")
        import ray  # noqa: PLC0415 - only in the actor

        self._packages[content_hash] = ray.put(content)

    def package(self, content_hash: str) -> Any:
        """Returns the reference of a package, in a list: Ray would fetch a bare one for the caller."""
        return [self._packages[content_hash]]

    def add(self, spec: JobSpec) -> None:
        """Remembers a job that is about to be started."""
        self._specs[spec.job_id] = spec

    def spec(self, job_id: str) -> JobSpec | None:
        """Returns a job that has not ended, or None."""
        return self._specs.get(job_id)

    def set_master_state(self, job_id: str, state: bytes) -> None:
        """Remembers what the master of a job leaves to the next one: a serialized MasterState."""
        self._master_states[job_id] = state

    def master_state(self, job_id: str) -> bytes:
        """Returns what `set_master_state` was given last, or nothing."""
        return self._master_states.get(job_id, b"")

    def set_address(self, job_id: str, address: str) -> None:
        """Remembers the host:port at which the master of a job answers."""
        self._addresses[job_id] = address

    def address(self, job_id: str) -> str | None:
        """Returns the host:port of a job's master, empty if it has not come up yet, or None if the job has ended."""
        return self._addresses.get(job_id, "") if job_id in self._specs else None

    def running(self) -> list[JobSpec]:
        """Returns the jobs that have not ended."""
        return list(self._specs.values())

    def end(self, job_id: str, status: bytes, lines: list[bytes]) -> None:
        """Remembers how a job has ended: a serialized JobStatus and the last LogLines."""
        self._ended[job_id] = (status, lines)
        while len(self._ended) > _KEPT_ENDED:
            self._ended.popitem(last=False)

    def forget(self, job_id: str) -> None:
        """Drops the specification of a job whose actors have all ended, and the code that no other job uses."""
        self._specs.pop(job_id, None)
        self._addresses.pop(job_id, None)
        self._master_states.pop(job_id, None)
        used = {each for spec in self._specs.values() for each in spec.packages}
        for content_hash in [each for each in self._packages if each not in used]:
            del self._packages[content_hash]

    def ended(self, job_id: str) -> tuple[bytes, list[bytes]] | None:
        """Returns how a job has ended, or None if it has not or is forgotten."""
        return self._ended.get(job_id)

    def all_ended(self) -> list[bytes]:
        """Returns the serialized JobStatus of every job that has ended."""
        return [status for status, _ in self._ended.values()]


def find_registry(ray: Any) -> Any | None:
    """Returns the handle of the cluster's registry, or None if no job was ever submitted."""
    with contextlib.suppress(ValueError):
        return ray.get_actor(NAME, namespace=NAMESPACE)
    return None


def make_registry(ray: Any) -> Any:
    """Returns the handle of the cluster's registry, which is made if there is none.

    To be called in a process without a code search path: the class of an actor that was made in one cannot be loaded
    in others.
    """
    options = {"name": NAME, "namespace": NAMESPACE, "lifetime": "detached", "get_if_exists": True}
    # Who calls it while it is started again waits.
    restarts = {"max_restarts": -1, "max_task_retries": -1}
    return ray.remote(JobRegistry).options(num_cpus=0, **restarts, **options, **_on_head(ray)).remote()


def _on_head(ray: Any) -> dict[str, Any]:
    """Returns the options that put an actor on the cluster's first node, without which there is no cluster."""
    has_head = any(node["Alive"] and _HEAD in node["Resources"] for node in ray.nodes())
    return {"resources": {_HEAD: _LITTLE}} if has_head else {}
