"""The local launcher: Python workers are child processes, Java workers live in a JVM bridged by py4j."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from anabranch import forks
from anabranch.config import Options
from anabranch.errors import ConfigError
from anabranch.launch.child import Child
from anabranch.launch.directories import JobDirectory
from anabranch.launch.environment import inherited, interpreter_flags
from anabranch.launch.launcher import OnLine, WorkerProcess, WorkerSpec
from anabranch.launch.lines import LinePump
from anabranch.launch.search_path import search_path
from anabranch.plan import ExecutionPlan
from anabranch.threads import in_thread
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, JobGraph

if TYPE_CHECKING:
    from anabranch.launch.jvm import JvmBridge

# Its arguments are the module search path. (Not PYTHONPATH, of which a colon ends an entry, and which the children of
# user code would inherit. Not `-m`, which would put the current directory in front.)
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; del sys.argv[1:]; from anabranch.worker.main import main; main()"


class LocalLauncher:
    """Starts workers on this machine. See `Launcher` for the contract."""

    listen_host = "127.0.0.1"
    several_hosts = False

    def __init__(
        self, options: Options, graph: JobGraph, bridge: JvmBridge | None, on_line: OnLine, hash_seed: int
    ) -> None:
        """Creates the directory of the job, for its sockets; without one it uses TCP.

        Args:
            options: The job's options.
            graph: The job, for its code, which is used where it is.
            bridge: A running JVM that takes the first Java worker, or None.
            on_line: Takes what workers print.
            hash_seed: PYTHONHASHSEED of the Python workers: a worker that is started again must iterate its sets alike.

        Raises:
            ConfigError: The job is to use Unix sockets, and there is no directory for them.
        """
        self._options = options
        self._bridge = bridge
        self._on_line = on_line
        self._hash_seed = hash_seed
        # Only the worker knows which task has printed a line.
        self._forwards_lines = options.text("anabranch.log.prefix") == "on"
        self._pump = LinePump()
        self._processes: list[WorkerProcess] = []
        self._directory = _job_directory(options)
        self.socket_dir = "" if self._directory is None else self._directory.path
        self.artifacts = list(graph.artifacts)

    async def prepare(self, plan: ExecutionPlan) -> None:
        """Does nothing: everything is here."""

    def listen_host_of(self, worker_id: str) -> str:  # noqa: ARG002, D102
        return self.listen_host

    async def start(self, spec: WorkerSpec) -> WorkerProcess:  # noqa: D102
        if spec.language == LANGUAGE_JAVA:
            process: WorkerProcess = await in_thread(self._start_java, spec)
        else:
            process = self._start_python(spec)
        self._processes.append(process)
        return process

    async def close(self) -> None:  # noqa: D102
        for process in self._processes:
            process.kill()
        if self._bridge is not None:
            self._bridge.close()
        self._pump.close()
        if self._directory is not None:
            self._directory.remove()

    def _start_python(self, spec: WorkerSpec) -> WorkerProcess:
        environment = {
            **dict([forks.QUIET]),
            **inherited(),
            "ANABRANCH_WORKER_ID": spec.worker_id,
            "ANABRANCH_MASTER": spec.master,
            "ANABRANCH_TOKEN": spec.token,
            "ANABRANCH_PARENT": str(os.getpid()),
            "PYTHONHASHSEED": str(self._hash_seed),
        }
        if self._forwards_lines:
            environment["ANABRANCH_FORWARD_LINES"] = "1"
        child = Child([sys.executable, "-u", *interpreter_flags(), "-c", _BOOT, *search_path()], environment)
        return PythonWorkerProcess(child, spec.worker_id, self._pump, self._on_line)

    def _start_java(self, spec: WorkerSpec) -> WorkerProcess:
        from anabranch.launch.jvm import JvmBridge  # noqa: PLC0415 - a pure Python job needs no py4j

        bridge, self._bridge = self._bridge, None
        if bridge is None:
            bridge = JvmBridge(self._options)
            bridge.start()
        bridge.pass_lines_to(lambda stream, line: self._on_line(spec.worker_id, stream, line))
        bridge.start_worker(spec.worker_id, spec.master, spec.token)
        if self._forwards_lines:
            bridge.forward_lines()
        bridge.stop_listening()
        return bridge


class PythonWorkerProcess:
    """A Python worker. See `WorkerProcess` for the contract."""

    def __init__(self, child: Child, worker_id: str, pump: LinePump, on_line: OnLine) -> None:
        self.pid = child.pid
        self._child = child
        self._open_pipes = 2
        for stream, pipe in (("stdout", child.stdout), ("stderr", child.stderr)):
            pump.add(pipe, lambda line, stream=stream: on_line(worker_id, stream, line), self._on_pipe_end)  # type: ignore[misc]

    def poll(self) -> int | None:  # noqa: D102
        return self._child.poll()

    def kill(self) -> None:  # noqa: D102
        self._child.kill()

    def drained(self) -> bool:  # noqa: D102
        return self._open_pipes == 0

    def _on_pipe_end(self) -> None:
        self._open_pipes -= 1


def _job_directory(options: Options) -> JobDirectory | None:
    transport = options.text("anabranch.exchange.transport")
    if transport == "tcp":
        return None
    try:
        return JobDirectory()
    except OSError as error:
        if transport == "unix":
            raise ConfigError(
                f"there is no directory for Unix sockets: {error}; set TMPDIR to one that can be written to, or the "
                "option anabranch.exchange.transport to tcp"
            ) from error
        return None
