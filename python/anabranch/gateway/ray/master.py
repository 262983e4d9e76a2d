"""The master of one job as a Ray actor, and the gateway by which clients talk to it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from concurrent.futures import Future
from typing import Any

from anabranch import open_files
from anabranch.client.ray.connection import NAMESPACE
from anabranch.client.ray.job_spec import JobSpec
from anabranch.client.ray.registry import CALL_TIMEOUT, find_registry
from anabranch.config import Options
from anabranch.errors import AnabranchError
from anabranch.gateway.hosted_job import GatewayJob, LogBuffer, end_status
from anabranch.gateway.service import MasterService
from anabranch.job import JobState
from anabranch.launch.ray.launcher import ActorNames, RayLauncher, answer
from anabranch.master.checkpoint_removal import remove_checkpoints
from anabranch.master.job_master import JobMaster
from anabranch.plan import plan_job
from anabranch.v1.control_pb2 import PrintedLine
from anabranch.v1.gateway_pb2 import JobStatus, LogLine

logger = logging.getLogger(__name__)

_DRIVER_LOOK = 0.2
_PATIENCE = 2.0  # a driver that is silent for this long will not come back to hear how the job has ended
_LINGER = 10.0
_KEPT_LINES = 1000


class RayJobMaster:
    """Runs the job master on an event loop of its own. Ray restarts it if it fails.

    What a new one needs to know is with the registry (the job, and how it has ended) and with the workers (all else).
    Only the token of the workers is not: it is enough to run code in them, and anybody in the cluster may ask the
    registry.
    """

    def __init__(self, job_id: str, worker_token: str) -> None:
        """Starts the job.

        Args:
            job_id: The job.
            worker_token: The secret of its workers. Ray hands it to each master that it starts.
        """
        self._job_id = job_id
        self._worker_token = worker_token
        self._log = LogBuffer()
        self._address: Future[str] = Future()
        threading.Thread(target=self._run, name="anabranch-master", daemon=True).start()

    def address(self) -> str:
        """Returns host:port of the gateway, once it listens.

        Raises:
            AnabranchError: The job could not be begun.
        """
        return self._address.result(CALL_TIMEOUT)

    # ------------------------------------------------------------------ HighAvailability, on the event loop

    @property
    def reconnect_timeout_ms(self) -> int:  # noqa: D102
        return self._options.integer("anabranch.ray.reconnect-timeout-ms")

    @property
    def saved_state(self) -> bytes:  # noqa: D102
        return self._saved_state

    async def save(self, state: bytes) -> None:  # noqa: D102
        await answer(self._registry.set_master_state.remote(self._job_id, state))

    async def ending(self, state: JobState, error: AnabranchError | None) -> None:  # noqa: D102
        status = end_status(self._job.status(), state, error)
        lines = [line.SerializeToString() for line in self._log.last(_KEPT_LINES)]
        await answer(self._registry.end.remote(self._job_id, status.SerializeToString(), lines))

    def _keep_line(self, worker_id: str, printed: PrintedLine) -> None:
        self._log.add(
            LogLine(worker_id=worker_id, stream=printed.stream, line=printed.line, seq=printed.seq, task=printed.task)
        )

    # ------------------------------------------------------------------ life

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            logger.exception("the master of job %s failed", self._job_id)
            if not self._address.done():
                self._address.set_exception(AnabranchError(f"the job master failed: {error!r}"))
            time.sleep(_LINGER)  # whoever waits for the address hears of it
        self._leave()

    async def _serve(self) -> None:
        import ray  # noqa: PLC0415 - only in the actor

        open_files.raise_limit()
        registry: Any = find_registry(ray)
        spec: JobSpec | None = registry and await answer(registry.spec.remote(self._job_id))
        self._registry = registry
        self._saved_state: bytes = registry and await answer(registry.master_state.remote(self._job_id))
        if spec is None:
            raise AnabranchError("its specification is lost")
        graph = spec.job_graph()
        self._options = Options(dict(graph.config))
        plan = plan_job(graph, self._options)
        launcher = await self._make_launcher(ray, spec)
        ended = await answer(self._registry.ended.remote(self._job_id))
        if ended is not None:
            # A master before this one has failed while it cleaned up.
            await launcher.remove_all()
            state = JobState(JobStatus.FromString(ended[0]).state)
            await remove_checkpoints(self._options, self._job_id, state, logger.warning)
            await answer(self._registry.forget.remote(self._job_id))
            return
        self._master = JobMaster(
            self._job_id,
            graph,
            plan,
            self._options,
            token=self._worker_token,
            launcher=launcher,
            warn=lambda text: self._log.append("master", "stderr", text),
            printed=self._keep_line,
            high_availability=self,
        )
        self._job = GatewayJob(graph, self._master, self._log, started_ms=spec.started_ms)
        service = MasterService(spec.token, self._job)
        host = launcher.listen_host
        address = f"{host}:{await service.start(host, 0)}"
        await answer(self._registry.set_address.remote(self._job_id, address))
        self._address.set_result(address)
        watch = None if spec.detached else asyncio.ensure_future(self._cancel_without_driver())
        await self._job.wait(None)
        if watch is not None:
            watch.cancel()
        await answer(self._registry.forget.remote(self._job_id))
        while not spec.detached and not self._job.owner_knows_end and self._job.seconds_without_owner < _PATIENCE:
            await asyncio.sleep(_DRIVER_LOOK)
        await service.stop()

    async def _make_launcher(self, ray: Any, spec: JobSpec) -> RayLauncher:
        packages = {}
        for content_hash, name in spec.packages.items():
            references = await answer(self._registry.package.remote(content_hash))
            packages[content_hash] = (name, references[0])
        return RayLauncher(
            ray,
            self._options,
            spec.job_graph(),
            names=ActorNames(NAMESPACE, spec.job_id),
            packages=packages,
            paths=spec.paths,
            directory=spec.directory,
            class_archive=spec.class_archive,
            on_error=self._on_actor_error,
        )

    def _on_actor_error(self, worker_id: str, text: str) -> None:
        for line in text.splitlines():
            self._master.note_error_line(worker_id, line)

    async def _cancel_without_driver(self) -> None:
        """Cancels the job if its driver, to which it belongs, has ended."""
        patience = self._options.integer("anabranch.ray.driver-timeout-ms") / 1000
        while self._job.seconds_without_owner < patience:
            await asyncio.sleep(_DRIVER_LOOK)
        self._log.append("master", "stderr", f"no sign of the driver for {patience:g} s; cancelling the job")
        self._master.cancel()

    def _leave(self) -> None:
        """Ends this actor for good: what ends otherwise would be started again."""
        import ray  # noqa: PLC0415 - only in the actor

        try:
            ray.kill(ray.get_runtime_context().current_actor)
        finally:
            time.sleep(_LINGER)
            os._exit(1)
