"""Hosts jobs in this process: one event loop on one thread for the masters of all of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from anabranch import open_files
from anabranch.client.console import Console, Progress
from anabranch.client.ray.connection import is_meant
from anabranch.config import Options
from anabranch.control.proofs import new_token
from anabranch.errors import AnabranchError, ConfigError, JobFailedError, code_note
from anabranch.job import Job, JobStatus, hash_seed, new_job_id
from anabranch.launch.launcher import OnLine
from anabranch.launch.local import LocalLauncher
from anabranch.master.job_master import JobMaster
from anabranch.plan import ExecutionPlan
from anabranch.records import Decoder, TypeRegistry
from anabranch.status_message import status_of
from anabranch.threads import at_main_thread_end
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.control_pb2 import CollectedBatch
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON, JobGraph
from anabranch.v1.record_pb2 import FrameHeader

if TYPE_CHECKING:
    from anabranch.launch.jvm import JvmBridge

_START_TIMEOUT = 30.0


def submit(
    graph: JobGraph, plan: ExecutionPlan, options: Options, bridge: JvmBridge | None, types: TypeRegistry
) -> Job:
    """Starts the job in this process; returns once its workers have started.

    What the workers print goes to this process's standard streams. The process stays alive until the job has ended,
    also after the end of the main script.

    Args:
        graph: The job.
        plan: What the planner has made of it.
        options: Its options.
        bridge: A running JVM for the first Java worker, or None; it is the job's from now on.
        types: The client's own classes, for records that are collected.

    Raises:
        ConfigError: The launcher is unknown, or an option does not fit it.
    """
    console = Console()
    if launcher_of(options) == "ray":
        if bridge is not None:
            bridge.close()  # it has looked the functions up; the workers' JVMs are on the nodes
        return _submit_to_cluster(graph, options, types, console)
    hosted = HOST.host(graph, plan, options, bridge, console.write)
    master = hosted.master
    job = Job(
        master.job_id,
        graph.name,
        read_status=master.status,
        request_cancel=hosted.cancel,
        read_collected=lambda operator: _decode_collected(master.collected.by_operator.get(operator, ()), types),
    )
    end = _show_progress(console, master.status, options)

    def on_end(error: AnabranchError | None) -> None:
        end()
        job.end(error)

    _AT_EXIT.cancel_on_sigterm()
    _AT_EXIT.keep_alive_for(job)
    hosted.start(on_end)
    return job


def launcher_of(options: Options) -> str:
    """Returns the launcher that the options choose: "local" or "ray"."""
    name = options.text("anabranch.launcher")
    if name == "auto":
        return "ray" if is_meant() else "local"
    return name


def _submit_to_cluster(graph: JobGraph, options: Options, types: TypeRegistry, console: Console) -> Job:
    from anabranch.client.ray.cluster_client import ClusterJob  # noqa: PLC0415 - Ray is an extra

    running = ClusterJob.submit(graph, options)
    job = Job(
        running.job_id,
        graph.name,
        read_status=lambda: status_of(running.status()),
        request_cancel=running.cancel,
        read_collected=lambda operator: _decode_collected(running.collected.by_operator.get(operator, ()), types),
    )
    prefix = options.text("anabranch.log.prefix") != "off"
    end = _show_progress(console, job.status, options)

    def on_line(line: gateway.LogLine) -> None:
        console.write(
            line.worker_id, line.stream, prefixed(line.task or line.worker_id, line.line) if prefix else line.line
        )

    def on_end(error: AnabranchError | None) -> None:
        end()
        job.end(error)

    if not running.detached:
        _AT_EXIT.cancel_on_sigterm()
        _AT_EXIT.keep_alive_for(job)
    running.follow(on_line, on_end)
    return job


def prefixed(printer: str, line: str) -> str:
    """Returns a line after the name of what has printed it: the task, or else the worker."""
    return f"[{printer}] {line}"


def _show_progress(console: Console, read_status: Callable[[], JobStatus], options: Options) -> Callable[[], None]:
    """Shows progress if the options ask for it; returns what ends that."""
    if not Progress.wanted(options.text("anabranch.progress")):
        return lambda: None
    progress = Progress(console, read_status)
    progress.start()
    return progress.stop


async def make_master(
    graph: JobGraph, plan: ExecutionPlan, options: Options, bridge: JvmBridge | None, on_line: OnLine
) -> JobMaster:
    """Creates the master of a job on the running event loop. See `submit`; `on_line` takes what the workers print.

    Raises:
        ConfigError: The options do not fit a job that this process hosts.
    """
    if options.flag("anabranch.detached"):
        raise ConfigError("a detached job needs a Ray cluster (option anabranch.launcher), or a gateway that lives on")
    open_files.raise_limit()  # each worker takes a few, and what strangers open is not to stop checkpoints
    token = new_token()

    def note_and_pass_on(worker_id: str, stream: str, line: str) -> None:
        if stream == "stderr":
            master.note_error_line(worker_id, line)
        on_line(worker_id, stream, line)

    master = JobMaster(
        new_job_id(graph.name),
        graph,
        plan,
        options,
        token=token,
        launcher=LocalLauncher(options, graph, bridge, note_and_pass_on, hash_seed=hash_seed()),
        warn=lambda text: on_line("master", "stderr", text),
        printed=lambda worker_id, line: on_line(worker_id, line.stream, prefixed(line.task or worker_id, line.line)),
    )
    return master


class HostedJob:
    """A job whose master runs on the host's event loop."""

    def __init__(self, master: JobMaster, loop: asyncio.AbstractEventLoop) -> None:
        self.master = master
        self._loop = loop

    def start(self, on_end: Callable[[AnabranchError | None], None]) -> None:
        """Starts the job; returns once its workers have started, or it has failed.

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
                self.master.launched.set()  # whatever went wrong, no wait is unlimited
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
        self._forked = False

    def host(
        self, graph: JobGraph, plan: ExecutionPlan, options: Options, bridge: JvmBridge | None, on_line: OnLine
    ) -> HostedJob:
        """Creates the master of a job. See `submit`; `on_line` takes what the workers print.

        Raises:
            ConfigError: This process was forked from one that has run jobs.
        """
        if self._forked:
            raise ConfigError(
                "this process was forked from one that has run a job, and the threads of that are not here; start the "
                'process with multiprocessing\'s "spawn", or fork before the first job'
            )
        loop = self._running_loop()
        made = asyncio.run_coroutine_threadsafe(make_master(graph, plan, options, bridge, on_line), loop)
        return HostedJob(made.result(_START_TIMEOUT), loop)

    def forked(self) -> None:
        """Takes note that this is a new process, without the thread of the one that it was forked from."""
        self._lock = threading.Lock()
        self._forked = self._forked or self._loop is not None

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
        self._terminated = False
        self._handler: Callable[[int, FrameType | None], None] | None = None

    def cancel_on_sigterm(self) -> None:
        """Has SIGTERM cancel the jobs where the script, or Ray, makes an orderly exit of it.

        Without that the signal ends the process at once, and its jobs with it.
        """
        previous = signal.getsignal(signal.SIGTERM)
        if (
            threading.current_thread() is not threading.main_thread()
            or not callable(previous)
            or previous is self._handler
        ):
            return

        def handle(number: int, frame: FrameType | None) -> None:
            self._terminated = True
            previous(number, frame)

        self._handler = handle
        signal.signal(signal.SIGTERM, handle)

    def forked(self) -> None:
        """Takes note that this is a new process: the jobs are those of the one that it was forked from."""
        self._jobs = []

    def keep_alive_for(self, job: Job) -> None:
        """Has the end of the process wait for the job."""
        if not self._jobs:
            at_main_thread_end(self._wait)
        self._jobs = [other for other in self._jobs if not other.ended or not other.observed]
        self._jobs.append(job)

    def _wait(self) -> None:
        """Waits for the jobs; Ctrl-C cancels them. A failure that nobody saw is shown and sets the exit code."""
        failed = False
        for job in self._jobs:
            try:
                if self._terminated:
                    job.cancel()
                elif not job.observed:
                    job.wait()
            except (KeyboardInterrupt, SystemExit):  # the latter from the script's handler of a signal
                job.cancel()
                failed = True
            except AnabranchError as error:
                print(error, code_note(error.code), sep="\n", file=sys.stderr)  # noqa: T201 - the last chance to say it
                failed = True
        if failed:  # a script whose job failed must not look as if all went well
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):  # closed, or nobody reads any more
                    stream.flush()
            os._exit(1)


HOST = JobHost()
_AT_EXIT = _AtExit()
os.register_at_fork(after_in_child=HOST.forked)
os.register_at_fork(after_in_child=_AT_EXIT.forked)


def _decode_collected(batches: Iterable[CollectedBatch], types: TypeRegistry) -> list[Any]:
    decoder = Decoder(LANGUAGE_PYTHON, types)
    records: list[Any] = []
    for batch in list(batches):
        header = FrameHeader.FromString(batch.header)
        records += decoder.decode(batch.payload, batch.n_records, header.schemas)
    return records
