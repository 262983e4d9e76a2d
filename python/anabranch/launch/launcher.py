"""What a launcher is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from anabranch.plan import ExecutionPlan
from anabranch.v1.graph_pb2 import Artifact, Language

# The end of a process of which nobody can tell the exit code; no process has this one.
LOST = 256

# Takes (worker id, "stdout" or "stderr", line without its end) on any thread.
OnLine = Callable[[str, str, str], None]


@dataclass(frozen=True)
class WorkerSpec:
    """The worker to start.

    Attributes:
        worker_id: Unique in the job.
        language: What its tasks are written in.
        master: `host:port` of the job master.
        token: The secret of the job's workers, as 64 hex digits.
        place_of: The worker of the plan whose place it takes; empty: its own.
    """

    worker_id: str
    language: Language
    master: str
    token: str = field(repr=False)
    place_of: str = ""


class WorkerProcess(Protocol):
    """A worker that was started."""

    @property
    def pid(self) -> int:
        """Process id on its host."""

    def poll(self) -> int | None:
        """Returns None while the process lives, then its exit code; -n if signal n ended it, LOST if nobody knows."""

    def kill(self) -> None:
        """Ends the process at once; harmless if it has ended."""

    def drained(self) -> bool:
        """Returns whether every line that the process wrote has been passed on."""


class Launcher(Protocol):
    """Starts the workers of one job. Methods are called on the job master's thread."""

    async def prepare(self, plan: ExecutionPlan) -> None:
        """Prepares for the workers of this plan; called once, before anything is started.

        Raises:
            ConfigError: There is no place for them.
            JavaNotFoundError: There are Java workers and no Java where they would run.
        """

    @property
    def socket_dir(self) -> str:
        """Directory for Unix sockets that all workers of one host share, or empty."""

    @property
    def listen_host(self) -> str:
        """Address that the job master listens on."""

    @property
    def artifacts(self) -> Sequence[Artifact]:
        """The code of the job, at its paths on the workers' hosts."""

    def listen_host_of(self, worker_id: str) -> str:
        """Returns the address that a worker listens on where it uses TCP; workers of one host have the same."""

    @property
    def several_hosts(self) -> bool:
        """Whether the workers are on more than one host."""

    async def start(self, spec: WorkerSpec) -> WorkerProcess:
        """Starts a worker, which then dials the master; finds it, if an earlier master has started it already.

        Raises:
            OSError: The process cannot be started.
            JavaNotFoundError: It is a Java worker and there is no JVM.
        """

    async def close(self) -> None:
        """Kills what is left and removes what the launcher has made."""
