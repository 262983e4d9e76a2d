"""Hosts jobs in this process: one event loop on one thread for the masters of all of them."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import secrets
import sys
import threading
from typing import TYPE_CHECKING, Any

from anabranch.config import Options
from anabranch.errors import AnabranchError, ConfigError, JobFailedError
from anabranch.job import Job
from anabranch.launch.local import LocalLauncher
from anabranch.master.console import Console, Progress
from anabranch.master.job_master import JobMaster
from anabranch.plan import ExecutionPlan, plan_job
from anabranch.records import Decoder, TypeRegistry
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON, JobGraph
from anabranch.v1.record_pb2 import FrameHeader

if TYPE_CHECKING:
    from anabranch.launch.jvm import JvmBridge


def submit(graph: JobGraph, options: Options, bridge: JvmBridge | None, types: TypeRegistry) -> Job:
    """Plans a job, begins to run it in this process and returns at once.

    The process stays alive until the job has ended, also after the end of the main script.

    Args:
        graph: The job.
        options: Its options.
        bridge: A running JVM for the first Java worker, or None; it is the job's from now on.
        types: The client's own classes, for records that are collected.

    Raises:
        JobGraphError: The graph is not valid.
        ConfigError: The launcher is unknown.
    """
    plan = plan_job(graph, options)
    if options.text("anabranch.launcher") != "local":
        raise ConfigError(f"unknown launcher {options.text('anabranch.launcher')!r}; there is: local")
    return _HOST.submit(graph, plan, options, bridge, types)


class _Host:
    """The event loop thread and the jobs on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: list[Job] = []

    def submit(
        self,
        graph: JobGraph,
        plan: ExecutionPlan,
        options: Options,
        bridge: JvmBridge | None,
        types: TypeRegistry,
    ) -> Job:
        token = secrets.token_hex(32)
        job_id = f"{re.sub(r'[^A-Za-z0-9_]+', '-', graph.name)}-{secrets.token_hex(4)}"
        console = Console()
        masters: list[JobMaster] = []

        def on_line(worker_id: str, stream: str, line: str) -> None:
            if stream == "stderr" and masters:
                masters[0].note_error_line(worker_id, line)
            console.write(stream, line)

        async def create() -> JobMaster:
            launcher = LocalLauncher(options, bridge, on_line, hash_seed=int(token[:7], 16))
            return JobMaster(
                job_id,
                graph,
                plan,
                options,
                token=token,
                launcher=launcher,
                warn=lambda text: console.write("stderr", text),
            )

        loop = self._running_loop()
        master = asyncio.run_coroutine_threadsafe(create(), loop).result(timeout=30)
        masters.append(master)
        job = Job(
            job_id,
            graph.name,
            read_status=master.status,
            request_cancel=lambda: _call_soon(loop, master.cancel),
            read_collected=lambda operator: _decode_collected(master, operator, types),
        )
        self._jobs.append(job)
        progress = Progress(console, master.status) if Progress.wanted(options.text("anabranch.progress")) else None
        if progress is not None:
            progress.start()

        async def run() -> None:
            error: AnabranchError | None = None
            try:
                error = await master.run()
            except BaseException as failure:
                error = JobFailedError(f"job {graph.name}: the job master failed: {failure!r}")
                raise
            finally:
                if progress is not None:
                    progress.stop()
                job.end(error)

        asyncio.run_coroutine_threadsafe(run(), loop)
        # An interpreter that shuts down starts no more processes, so they are started before the main script may end.
        master.launched.wait()
        return job

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="anabranch-master", daemon=True).start()
                atexit.register(self._wait_for_jobs)
            return self._loop

    def _wait_for_jobs(self) -> None:
        """Keeps the process alive for its jobs; Ctrl-C cancels them. A failure that nobody saw is shown."""
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


_HOST = _Host()


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Any) -> None:
    loop.call_soon_threadsafe(callback)


def _decode_collected(master: JobMaster, operator: int, types: TypeRegistry) -> list[Any]:
    decoder = Decoder(LANGUAGE_PYTHON, types)
    records: list[Any] = []
    for batch in list(master.collected.get(operator, ())):
        header = FrameHeader.FromString(batch.header)
        records += decoder.decode(batch.payload, batch.n_records, header.schemas)
    return records
