"""The jobs of a cluster: for the command line, and for whoever else did not submit them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from anabranch.client.ray.cluster_client import ENDED, ClusterJob, MasterGoneError
from anabranch.client.ray.connection import connect
from anabranch.client.ray.registry import CALL_TIMEOUT, find_registry
from anabranch.errors import AnabranchError
from anabranch.v1 import gateway_pb2 as gateway

_FOLLOW_MS = 2000


class ClusterJobs:
    """The jobs that run on one Ray cluster, and the last hundred that have ended."""

    def __init__(self, address: str) -> None:
        """Connects to the cluster at this address: `auto` or host:port.

        Raises:
            ConfigError: There is none.
        """
        self._ray = connect(address)
        self._registry = find_registry(self._ray)

    def all(self) -> list[gateway.JobStatus]:
        """Returns the status of every job, running ones last."""
        if self._registry is None:
            return []
        ended = [gateway.JobStatus.FromString(status) for status in self._ask("all_ended")]
        running = [ClusterJob(self._ray, spec).status() for spec in self._ask("running")]
        ids = {status.job_id for status in running}
        return [*(status for status in ended if status.job_id not in ids), *running]

    def status(self, job_id: str) -> gateway.JobStatus:
        """Returns what a job is doing, or how it has ended."""
        running = self._running(job_id)
        return self._ended(job_id)[0] if running is None else running.status()

    def logs(self, job_id: str, *, follow: bool) -> Iterator[gateway.LogLine]:
        """Yields what a job has printed lately, and, if `follow`, what it will print until it has ended."""
        running = self._running(job_id)
        positions: dict[str, int] = {}
        while running is not None:
            try:
                response = running.lines_since(positions, timeout_ms=_FOLLOW_MS if follow else 0)
            except MasterGoneError:
                break
            yield from response.lines
            if not follow or (response.status.state in ENDED and not response.lines):
                return
        for line in self._ended(job_id)[1]:
            if line.seq > positions.get(line.worker_id, 0):
                yield line

    def cancel(self, job_id: str) -> gateway.JobStatus:
        """Stops a job and waits until it has ended."""
        running = self._running(job_id)
        if running is not None:
            running.cancel()
        return self.status(job_id)

    def explain(self, job_id: str) -> gateway.ExplainResponse:
        """Returns the execution plan of a running job, and where its workers are."""
        running = self._running(job_id)
        if running is None:
            self._ended(job_id)
            raise AnabranchError(f"job {job_id} has ended")
        return running.explain()

    def _running(self, job_id: str) -> ClusterJob | None:
        spec = None if self._registry is None else self._ask("spec", job_id)
        return None if spec is None else ClusterJob(self._ray, spec)

    def _ended(self, job_id: str) -> tuple[gateway.JobStatus, list[gateway.LogLine]]:
        ended = None if self._registry is None else self._ask("ended", job_id)
        if ended is None:
            known = ", ".join(status.job_id for status in self.all()) or "none"
            raise AnabranchError(f"there is no job {job_id!r}; known: {known}")
        status, lines = ended
        return gateway.JobStatus.FromString(status), [gateway.LogLine.FromString(line) for line in lines]

    def _ask(self, method: str, *arguments: str) -> Any:
        return self._ray.get(getattr(self._registry, method).remote(*arguments), timeout=CALL_TIMEOUT)
