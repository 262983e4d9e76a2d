"""The actor that hosts a worker: a Python worker in its own process, or the JVM of a Java worker on its node."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import queue
import shutil
import tempfile
from pathlib import Path

from anabranch.config import Options

_LINES_WAIT = 0.5


class WorkerHost:
    """Hosts one worker. Made an actor by the launcher; its methods are called over Ray."""

    def __init__(self, artifact_dir: str) -> None:
        """Makes a host.

        Args:
            artifact_dir: Where on its node the job's code is put.
        """
        self._artifact_dir = Path(artifact_dir)
        self._lines: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    async def place(self) -> tuple[int, str]:
        """Returns the process id, and the address of the node as other nodes see it."""
        import ray  # noqa: PLC0415 - only in an actor

        return os.getpid(), ray.util.get_node_ip_address()

    async def put_artifact(self, relative: str, content: bytes) -> None:
        """Keeps a file of the job's code; another host on this node may have done so already."""
        await asyncio.to_thread(self._put_artifact, relative, content)

    def _put_artifact(self, relative: str, content: bytes) -> None:
        target = self._artifact_dir / relative
        if target.exists():
            return
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(part).rename(target)

    async def run_python(self, worker_id: str, master: str, token: str, paths: list[str]) -> bool:
        """Runs a Python worker to its end; returns whether the master has ended it."""
        return await asyncio.to_thread(self._run_python, worker_id, master, token, paths)

    async def run_java(self, worker_id: str, master: str, token: str, config: dict[str, str]) -> bool:
        """Runs a Java worker in a JVM of this node to its end; returns whether it ended well.

        Raises:
            JavaNotFoundError: There is no usable Java on this node.
        """
        return await asyncio.to_thread(self._run_java, worker_id, master, token, Options(config))

    async def lines(self) -> list[tuple[str, str]]:
        """Returns lines that the worker has printed since the last call; waits a little for the first."""
        return await asyncio.to_thread(self._take_lines)

    async def clean_up(self) -> None:
        """Removes the job's code from this node."""
        shutil.rmtree(self._artifact_dir, ignore_errors=True)

    def _run_python(self, worker_id: str, master: str, token: str, paths: list[str]) -> bool:
        import sys  # noqa: PLC0415 - its path is the worker's own here

        from anabranch.worker.stdio import LineWriter  # noqa: PLC0415 - a host of a JVM needs no worker
        from anabranch.worker.worker import Worker  # noqa: PLC0415

        sys.path[:0] = [path for path in paths if path not in sys.path]
        with (
            contextlib.redirect_stdout(LineWriter(_LineQueue("stdout", self._lines))),
            contextlib.redirect_stderr(LineWriter(_LineQueue("stderr", self._lines))),
        ):
            return Worker(worker_id, master, token).run()

    def _run_java(self, worker_id: str, master: str, token: str, options: Options) -> bool:
        from anabranch.launch.jvm import JvmBridge  # noqa: PLC0415 - a host of Python needs no py4j

        bridge = JvmBridge(options)
        bridge.start()
        try:
            bridge.pass_lines_to(lambda stream, line: self._lines.put((stream, line)))
            bridge.start_worker(worker_id, master, token)
            return bridge.wait() == 0
        finally:
            bridge.kill()

    def _take_lines(self) -> list[tuple[str, str]]:
        lines = []
        with contextlib.suppress(queue.Empty):
            lines.append(self._lines.get(timeout=_LINES_WAIT))
            while True:
                lines.append(self._lines.get_nowait())
        return lines


class _LineQueue(io.StringIO):
    """Takes whole lines as a text stream and puts them into a queue."""

    def __init__(self, stream: str, lines: queue.SimpleQueue[tuple[str, str]]) -> None:
        super().__init__()
        self._stream = stream
        self._lines = lines

    def write(self, text: str) -> int:
        for line in text.removesuffix("\n").split("\n"):
            self._lines.put((self._stream, line))
        return len(text)
