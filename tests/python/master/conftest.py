"""The parts of a job master, without processes and sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from anabranch.config import Options
from anabranch.launch.launcher import WorkerSpec
from anabranch.master.assignment import Assignment
from anabranch.master.checkpoint_coordinator import CheckpointCoordinator
from anabranch.master.deployment import Deployment
from anabranch.master.failover import Failover
from anabranch.master.handover import Handover
from anabranch.master.job_life import JobLife, Phase
from anabranch.master.job_log import JobLog
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.results import Results
from anabranch.master.worker_pool import WorkerPool
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.master_pb2 import MasterState

SOURCE, MAP, SINK = 1, 2, 3


class Process:
    """Lives until it is killed."""

    pid = 1
    exit_code: int | None = None

    def poll(self) -> int | None:
        return self.exit_code

    def kill(self) -> None:
        self.exit_code = -9

    def drained(self) -> bool:
        return True


class Stream:
    """Keeps what a worker is sent."""

    def __init__(self) -> None:
        self.sent: list[control.MasterMessage] = []

    def send(self, message: control.MasterMessage) -> None:
        self.sent.append(message)

    @property
    def kinds(self) -> list[str | None]:
        return [message.WhichOneof("message") for message in self.sent]


class Parts:
    """A job of a source, a map and a sink; the source has a worker of its own. To be made on an event loop.

    Its checkpoints are a mock: number 7 is complete. Nobody is connected and nothing runs.
    """

    def __init__(self, *, recoverable: bool = True, **options: str) -> None:
        chosen = Options({f"anabranch.{name.replace('__', '-').replace('_', '.')}": v for name, v in options.items()})
        self.warnings: list[str] = []
        self.saved: list[MasterState] = []
        self.started: list[WorkerSpec] = []
        self.life = JobLife("job-1", JobLog("job", self.warnings.append), recoverable=recoverable)
        tasks = [control.TaskDescriptor(task_id=task, name=f"task {task}") for task in (SOURCE, MAP, SINK)]
        for producer, consumer in ((SOURCE, MAP), (MAP, SINK)):
            tasks[producer - 1].outputs.add().channels.add(channel=producer, peer_task=consumer)
            tasks[consumer - 1].inputs.add().channels.add(channel=producer, peer_task=producer)
        tasks[SINK - 1].chain.add(kind=pb.OPERATOR_KIND_COLLECT)
        workers = (
            WorkerPlan("python-1", pb.LANGUAGE_PYTHON, (SOURCE,)),
            WorkerPlan("python-2", pb.LANGUAGE_PYTHON, (MAP, SINK)),
        )
        self.plan = ExecutionPlan("job", tuple((task,) for task in tasks), workers)
        self.assignment = Assignment(self.plan)
        self.launcher = Mock(socket_dir="", listen_host="127.0.0.1", artifacts=[], several_hosts=False)
        self.launcher.listen_host_of.return_value = "127.0.0.1"
        self.launcher.start, self.launcher.close = self.start, AsyncMock()
        self.recovery_watch = RecoveryWatch(60)
        store = Mock(reconnect_timeout_ms=1000, saved_state=b"", save=self.save)
        self.handover = Handover(store)
        self.results = Results(self.assignment, self.life, kept_by_workers=True)
        self.checkpoints = Mock(spec=CheckpointCoordinator, last=7, is_behind_tasks=False)
        self.checkpoints.snapshots = {task.task_id: control.Snapshot(number=7) for task in tasks}
        self.pool = WorkerPool(
            chosen,
            self.assignment,
            self.launcher,
            recovery_watch=self.recovery_watch,
            life=self.life,
            token="00" * 32,
        )
        self.deployment = Deployment(
            "job-1",
            pb.JobGraph(name="job"),
            chosen,
            self.assignment,
            self.launcher,
            recovery_watch=self.recovery_watch,
            life=self.life,
            reconnect_timeout_ms=0,
        )
        self.failover = Failover(
            chosen,
            self.assignment,
            self.checkpoints,
            self.pool,
            self.deployment,
            results=self.results,
            handover=self.handover,
            recovery_watch=self.recovery_watch,
            life=self.life,
        )
        self.pool.listener = self.failover
        self.handover.parts = (self.assignment, self.pool, self.failover, self.results)

    async def start(self, spec: WorkerSpec) -> Process:
        self.started.append(spec)
        return Process()

    async def save(self, state: bytes) -> None:
        self.saved.append(MasterState.FromString(state))

    def connect(self, worker_id: str) -> Stream:
        """The worker is there."""
        worker, stream = self.assignment.workers[worker_id], Stream()
        worker.process = worker.process or Process()
        worker.connect(control.WorkerHello(worker_id=worker_id), stream)  # type: ignore[arg-type]
        return stream

    def connect_all(self) -> dict[str, Stream]:
        return {worker_id: self.connect(worker_id) for worker_id in list(self.assignment.workers)}

    def runs(self) -> None:
        """All tasks run."""
        for task in self.assignment.tasks.values():
            task.state = control.TASK_STATE_RUNNING
            task.endpoint = control.Endpoint(unix_path=f"/{task.task_id}")
            task.connected = True
            task.deployed_incarnation = task.descriptor.incarnation
        self.life.enter(Phase.DEPLOYING)
        self.life.enter(Phase.RUNNING)

    async def error(self) -> str:
        """Returns what the job has ended with."""
        assert self.life.is_decided
        try:
            await self.life.outcome()
        except Exception as error:  # noqa: BLE001 - it is what the test asks for
            return str(error)
        return ""


@pytest.fixture
def make_parts() -> Callable[..., Any]:
    """Makes the parts of a master; see `Parts`."""
    return Parts
