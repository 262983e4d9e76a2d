"""Hosts jobs in this process: one event loop on one thread for the masters of all of them."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from anabranch.config import Options
from anabranch.errors import AnabranchError, ConfigError, JobFailedError
from anabranch.job import Job
from anabranch.launch.launcher import Launcher, OnLine
from anabranch.launch.local import LocalLauncher
from anabranch.master.console import Console, Progress
from anabranch.master.job_master import JobMaster
from anabranch.plan import ExecutionPlan
from anabranch.records import Decoder, TypeRegistry
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON, JobGraph
from anabranch.v1.record_pb2 import FrameHeader

if TYPE_CHECKING:
    from anabranch.launch.jvm import JvmBridge

_START_TIMEOUT = 30.0


def submit(
    graph: JobGraph, plan: ExecutionPlan, options: Options, bridge: JvmBridge | None, types: TypeRegistry
) -> Job:
    """Begins to run it in this process and returns once its workers were started.

    What the workers print goes to this process's standard streams. The process stays alive until the job has ended,
    also after the end of the main script.

    Args:
        graph: The job.
        plan: What the planner has made of it.
        options: Its options.
        bridge: A running JVM for the first Java worker, or None; it is the job's from now on.
        types: The client's own classes, for records that are collected.

    Raises:
        ConfigError: The launcher is unknown.
    """
    console = Console()
    hosted = HOST.host(graph, plan, options, bridge, console.write)
    master = hosted.master
    job = Job(
        master.job_id,
        graph.name,
        read_status=master.status,
        request_cancel=hosted.cancel,
        read_collected=lambda operator: _decode_collected(master, operator, types),
    )
    progress = Progress(console, master.status) if Progress.wanted(options.text("anabranch.progress")) else None
    if progress is not None:
        progress.start()

    def on_end(error: AnabranchError | None) -> None:
        if progress is not None:
            progress.stop()
        job.end(error)

    _AT_EXIT.keep_alive_for(job)
    hosted.start(on_end)
    return job


async def make_master(
    graph: JobGraph, plan: ExecutionPlan, options: Options, bridge: JvmBridge | None, on_line: OnLine
) -> JobMaster:
    """Makes the master of a job on the running event loop. See `submit`; `on_line` takes what the workers print.

    Raises:
        ConfigError: The launcher is unknown.
    """
    token = secrets.token_hex(32)

    def note_and_pass_on(worker_id: str, stream: str, line: str) -> None:
        if stream == "stderr":
            master.note_error_line(worker_id, line)
        on_line(worker_id, stream, line)

    master = JobMaster(
        f"{re.sub(r'[^A-Za-z0-9_]+', '-', graph.name)}-{secrets.token_hex(4)}",
        graph,
        plan,
        options,
        token=token,
        launcher=_launcher(graph, options, bridge, note_and_pass_on, hash_seed=int(token[:7], 16)),
        warn=lambda text: on_line("master", "stderr", text),
    )
    return master


def _launcher(graph: JobGraph, options: Options, bridge: JvmBridge | None, on_line: OnLine, hash_seed: int) -> Launcher:
    name = options.text("anabranch.launcher")
    if name == "local":
        return LocalLauncher(options, graph, bridge, on_line, hash_seed)
    if name == "ray":
        from anabranch.launch.ray.launcher import RayLauncher  # noqa: PLC0415 - Ray is an extra

        if bridge is not None:
            bridge.close()  # it has looked the functions up; the workers' JVMs are on the nodes
        return RayLauncher(options, graph, on_line, hash_seed)
    raise ConfigError(f"unknown launcher {name!r}; there are: local, ray")


class HostedJob:
    """A job whose master runs on the host's event loop."""

    def __init__(self, master: JobMaster, loop: asyncio.AbstractEventLoop) -> None:
        self.master = master
        self._loop = loop

    def start(self, on_end: Callable[[AnabranchError | None], None]) -> None:
        """Begins to run the job; returns once its workers were started or it has failed.

        An interpreter that shuts down starts no more threads and processes, so all that the job needs is started
        before the caller, maybe the end of the main script, goes on.

        Args:
            on_end: Called once, on the event loop, with the error that the job ended with, or None.
        """

        async def run() -> None:
            error: AnabranchError | None = None
            try:
                error = await self.master.run()
            except BaseException as failure:
                error = JobFailedError(f"job {self.master.job_id}: the job master failed: {failure!r}")
                raise
            finally:
                self.master.launched.set()  # whatever has gone wrong, nobody waits for ever
                on_end(error)

        asyncio.run_coroutine_threadsafe(run(), self._loop)
        self.master.launched.wait()

    def cancel(self) -> None:
        """Asks the master to cancel the job; returns at once."""
        self._loop.call_soon_threadsafe(self.master.cancel)


class JobHost:
    """The event loop thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def host(
        self, graph: JobGraph, plan: ExecutionPlan, options: Options, bridge: JvmBridge | None, on_line: OnLine
    ) -> HostedJob:
        """Makes the master of a job. See `submit`; `on_line` takes what the workers print."""
        loop = self._running_loop()
        made = asyncio.run_coroutine_threadsafe(make_master(graph, plan, options, bridge, on_line), loop)
        return HostedJob(made.result(_START_TIMEOUT), loop)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="anabranch-master", daemon=True).start()
            return self._loop


class _AtExit:
    """Keeps the process alive for its jobs."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def keep_alive_for(self, job: Job) -> None:
        """Has the end of the process wait for the job."""
        if not self._jobs:
            atexit.register(self._wait)
        self._jobs = [other for other in self._jobs if not other.ended or not other.observed]
        self._jobs.append(job)

    def _wait(self) -> None:
        """Waits for the jobs; Ctrl-C cancels them. A failure that nobody saw is shown and sets the exit code."""
        failed = False
        for job in self._jobs:
            try:
                if not job.observed:
                    job.wait()
            except KeyboardInterrupt:
                job.cancel()
                failed = True
            except AnabranchError as error:
                print(error, file=sys.stderr)  # noqa: T201 - the last chance to say it
                failed = True
        if failed:  # a script whose job failed must not look as if all went well
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)


HOST = JobHost()
_AT_EXIT = _AtExit()


def _decode_collected(master: JobMaster, operator: int, types: TypeRegistry) -> list[Any]:
    decoder = Decoder(LANGUAGE_PYTHON, types)
    records: list[Any] = []
    for batch in list(master.collected.get(operator, ())):
        header = FrameHeader.FromString(batch.header)
        records += decoder.decode(batch.payload, batch.n_records, header.schemas)
    return records
