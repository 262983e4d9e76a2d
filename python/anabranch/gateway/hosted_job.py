"""A job that the gateway hosts: its master, what it prints and what it collects."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping

from anabranch.config import Options
from anabranch.errors import AnabranchError, JobFailedError
from anabranch.job import JobState
from anabranch.master.collected import CollectedBatches
from anabranch.master.job_master import JobMaster
from anabranch.status_message import add_recovery
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.control_pb2 import CollectedBatch
from anabranch.v1.graph_pb2 import JobGraph

_KEPT_LINES = 10_000
_KEPT_TEXT = 16 << 20  # characters, of all lines
_LONGEST_LINE = 1 << 20
LOOK_INTERVAL = 0.02
_FIRST_CALL = 30.0  # the driver has this long to call for the first time, for the second time its usual limit


class LogBuffer:
    """The last lines that a job's workers printed. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lines: deque[gateway.LogLine] = deque()
        self._text = 0
        self._lock = threading.Lock()
        # Grows also from one process that fills such a buffer to the next.
        self._own_seq = time.time_ns()
        self.count = 0

    def append(self, worker_id: str, stream: str, line: str) -> None:
        """Adds a line that came without a number; the oldest one makes room if there are too many."""
        with self._lock:
            self._own_seq += 1
            self._keep(gateway.LogLine(worker_id=worker_id, stream=stream, line=line, seq=self._own_seq))

    def add(self, line: gateway.LogLine) -> None:
        """Adds a line that its worker has numbered."""
        with self._lock:
            self._keep(line)

    def _keep(self, line: gateway.LogLine) -> None:
        if len(line.line) > _LONGEST_LINE:
            line.line = line.line[:_LONGEST_LINE]
        self._lines.append(line)
        self._text += len(line.line)
        self.count += 1
        while len(self._lines) > _KEPT_LINES or self._text > _KEPT_TEXT:
            self._text -= len(self._lines.popleft().line)

    def since(self, position: int) -> tuple[list[gateway.LogLine], int]:
        """Returns the kept lines from a position on, and the position after them."""
        with self._lock:
            missing = min(self.count - position, len(self._lines))
            return (list(self._lines)[-missing:] if missing > 0 else []), self.count

    def after(self, seqs: Mapping[str, int]) -> list[gateway.LogLine]:
        """Returns the kept lines that come after these (by worker the number of its last line)."""
        with self._lock:
            return [line for line in self._lines if line.seq > seqs.get(line.worker_id, 0)]

    def last(self, n: int) -> list[gateway.LogLine]:
        """Returns the last lines."""
        with self._lock:
            return list(self._lines)[-n:]


class GatewayJob:
    """One job whose master runs here. Everything but the log is used on the event loop only."""

    def __init__(self, graph: JobGraph, master: JobMaster, log: LogBuffer, started_ms: int = 0) -> None:
        """Starts the job, which was submitted at `started_ms` or now."""
        self.job_id = master.job_id
        self.error: AnabranchError | None = None
        self.owner_knows_end = False
        self._owner_calls = 0
        self._owner_seen = time.monotonic() + _FIRST_CALL
        self._graph = graph
        self._master = master
        self.log = log
        self._started_ms = started_ms or int(time.time() * 1000)
        self._ended_ms = 0
        self._run = asyncio.ensure_future(self._run_to_end())

    @property
    def ended(self) -> bool:
        """True once the job has ended and no process of it is left."""
        return self._run.done()

    @property
    def seconds_without_owner(self) -> float:
        """How long the driver that the job belongs to has not been heard of."""
        return 0.0 if self._owner_calls else time.monotonic() - self._owner_seen

    @property
    def artifacts(self) -> set[str]:
        """The content hashes of the job's code."""
        return {artifact.content_hash for artifact in self._graph.artifacts}

    async def wait(self, timeout: float | None) -> None:
        """Waits for the end of the job, at most `timeout` seconds."""
        await asyncio.wait([self._run], timeout=timeout)

    async def cancel(self) -> None:
        """Stops the job and waits until it has ended."""
        self._master.cancel()
        await asyncio.wait([self._run])

    async def current_status(self) -> gateway.JobStatus:
        """Returns what the job is doing."""
        return self.status()

    def status(self) -> gateway.JobStatus:
        """Returns what the job is doing."""
        status = self._master.status()
        languages = {operator.name: operator.language for operator in self._graph.operators}
        message = gateway.JobStatus(
            job_id=self.job_id,
            job_name=status.name,
            state=status.state.value,
            started_ms=self._started_ms,
            ended_ms=self._ended_ms,
            operators=[
                gateway.OperatorStatus(
                    operator_id=described.id,
                    name=operator.name,
                    language=languages[operator.name],
                    parallelism=operator.parallelism,
                    records_in=operator.records_in,
                    records_out=operator.records_out,
                )
                for described, operator in zip(self._graph.operators, status.operators, strict=True)
            ],
        )
        add_recovery(message, status)
        return end_status(message, status.state, self.error)

    async def explain(self) -> gateway.ExplainResponse:
        """Returns the execution plan, and where the workers are."""
        return gateway.ExplainResponse(
            plan=self._master.current_plan().describe(), workers=self._master.describe_workers()
        )

    async def follow(self, request: gateway.FollowRequest) -> gateway.FollowResponse:
        """Returns what is new since the client's last call, as soon as there is something."""
        if not request.owner:
            return await self._news(request)
        self._owner_calls += 1
        try:
            response = await self._news(request)
        finally:
            self._owner_calls -= 1
            self._owner_seen = time.monotonic()
        ended = self.ended and request.state == response.status.state
        self.owner_knows_end = ended and not response.lines and not response.collected
        return response

    async def _news(self, request: gateway.FollowRequest) -> gateway.FollowResponse:
        collected: list[CollectedBatch] = []
        taken_back: list[gateway.TakenBack] = []
        self._master.acknowledge_collected(request.collected)
        deadline = time.monotonic() + request.timeout_ms / 1000
        count = -1
        while True:
            ended = self.ended
            lines = [] if count == self.log.count else self.log.after(request.lines)
            count = self.log.count
            if request.owner:  # nobody else is given records
                had = request.collected
                collected = [batch for batch in self._master.collected if batch.seq > had.get(batch.task_id, 0)]
                taken_back = self._master.taken_back[request.taken_back :]
            status = self.status()
            news = lines or collected or taken_back or status.state != request.state
            if news or ended or time.monotonic() >= deadline:
                # What came while we looked is for the next call: the status is no older than the lines.
                return gateway.FollowResponse(lines=lines, collected=collected, status=status, taken_back=taken_back)
            await asyncio.sleep(LOOK_INTERVAL)

    async def lines(self, *, follow: bool) -> AsyncIterator[gateway.LogLine]:
        """Yields what was printed, and, if `follow`, what will be, until the job has ended."""
        async for line in lines_of(self.log, lambda: self.ended, follow=follow):
            yield line

    async def collected(self, operator_id: int) -> AsyncIterator[CollectedBatch]:
        """Yields the batches of a collect operator; see `batches_of`."""
        recovers = Options(dict(self._graph.config)).mode != "none"
        async for batch in batches_of(self._master.collected, operator_id, lambda: self.ended, recovers=recovers):
            yield batch

    async def _run_to_end(self) -> None:
        self.error = await self._master.run()
        self._ended_ms = int(time.time() * 1000)


def end_status(status: gateway.JobStatus, state: JobState, error: AnabranchError | None) -> gateway.JobStatus:
    """Returns the status with the state and the error that the job ends with, and when, if it has ended."""
    status.state = state.value
    if state.ended and not status.ended_ms:
        status.ended_ms = int(time.time() * 1000)
    if isinstance(error, JobFailedError):
        if error.error is not None:
            status.error.CopyFrom(error.error)
        status.message = str(error)
    return status


async def lines_of(log: LogBuffer, ended: Callable[[], bool], *, follow: bool) -> AsyncIterator[gateway.LogLine]:
    """Yields what a log holds, and, if `follow`, what it will hold, until the job has ended."""
    position = 0
    while True:
        was_ended = ended()
        lines, position = log.since(position)
        for line in lines:
            yield line
        if was_ended or not follow:
            return
        await asyncio.sleep(LOOK_INTERVAL)


async def batches_of(
    collected: CollectedBatches, operator_id: int, ended: Callable[[], bool], *, recovers: bool
) -> AsyncIterator[CollectedBatch]:
    """Yields the batches of a collect operator as they come, until the job has ended.

    If the job recovers, some may be taken back; then none is given before the end.
    """
    position = 0
    while True:
        was_ended = ended()
        batches = collected.by_operator.get(operator_id, []) if was_ended or not recovers else []
        while position < len(batches):
            yield batches[position]
            position += 1
        if was_ended:
            return
        await asyncio.sleep(LOOK_INTERVAL)
