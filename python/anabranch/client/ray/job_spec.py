"""All that the master of a job needs to run it, wherever and however often it is started."""

from __future__ import annotations

from dataclasses import dataclass, field

from anabranch.v1.graph_pb2 import JobGraph


@dataclass(frozen=True)
class JobSpec:
    """A job as its driver has described it.

    Attributes:
        job_id: Unique in the cluster.
        token: The secret of its clients, as 64 hex digits. It opens its master, not its workers.
        graph: The serialized JobGraph, with every option in its config, and its artifacts named by content hash.
        detached: True if the job outlives its driver.
        paths: The driver's module search path, tried on the nodes after what was brought there.
        directory: Name of its directory on the nodes.
        started_ms: When the driver submitted it, in milliseconds since 1970-01-01T00:00Z.
        packages: By content hash the file name of each piece of code.
        class_archive: File for the class data archive of Ray's JVMs, or empty.
    """

    job_id: str
    token: str = field(repr=False)
    graph: bytes
    detached: bool
    paths: tuple[str, ...]
    directory: str
    started_ms: int
    packages: dict[str, str] = field(default_factory=dict)
    class_archive: str = ""

    def job_graph(self) -> JobGraph:
        """Returns the graph."""
        return JobGraph.FromString(self.graph)


def master_name(job_id: str) -> str:
    """Returns the name of the actor that is the master of a job."""
    return f"master:{job_id}"
