"""A job master whose workers are the test."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from anabranch.config import Options
from anabranch.errors import JobCancelledError
from anabranch.job import JobState
from anabranch.launch.launcher import WorkerSpec
from anabranch.master.handover import HighAvailability
from anabranch.master.job_life import Phase
from anabranch.master.job_master import JobMaster
from anabranch.plan import plan_job
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.master_pb2 import MasterState

FUNCTION = pb.FunctionDescriptor(display_name="f", python_object=pb.PythonObject(pickled=b"f"))


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


def make_master(process: Process, high_availability: HighAvailability | None = None, **options: str) -> JobMaster:
    """Creates the master of a job of a source and a sink, which one worker has."""
    graph = pb.JobGraph(name="job")
    for number, kind in enumerate([pb.OPERATOR_KIND_SOURCE, pb.OPERATOR_KIND_SINK], 1):
        graph.operators.add(
            id=number, name=f"op-{number}", kind=kind, language=pb.LANGUAGE_PYTHON, parallelism=1, function=FUNCTION
        )
    graph.edges.add(id=1, source=1, target=2, partitioning=pb.Partitioning(kind=pb.Partitioning.KIND_FORWARD))
    launcher = Mock(socket_dir="", listen_host="127.0.0.1", artifacts=[], several_hosts=False)
    launcher.prepare = launcher.close = AsyncMock()
    launcher.start = AsyncMock(return_value=process)
    launcher.listen_host_of.return_value = "127.0.0.1"
    chosen = Options({f"anabranch.{name.replace('_', '.')}": value for name, value in options.items()})
    return JobMaster(
        "job-1",
        graph,
        plan_job(graph, chosen),
        chosen,
        token="00" * 32,
        launcher=launcher,
        warn=print,
        high_availability=high_availability,
    )


def error_after(says: Callable[[JobMaster], None]) -> str:
    """Runs a job until its worker has said something; returns how it has ended."""

    async def run() -> str:
        process = Process()
        master = make_master(process)
        running = asyncio.ensure_future(master.run())
        while not master.describe_workers()[0].pid:
            await asyncio.sleep(0.01)
        says(master)
        process.exit_code = 0
        return str(await asyncio.wait_for(running, 60))

    return asyncio.run(run())


@pytest.mark.parametrize(
    "message",
    [
        control.WorkerMessage(task_status=control.TaskStatus(task_id=99)),
        control.WorkerMessage(task_deployed=control.TaskDeployed(task_id=99)),
        control.WorkerMessage(collected=control.CollectedBatch(task_id=99)),
    ],
    ids=lambda message: message.WhichOneof("message"),
)
def test_a_message_that_cannot_be_handled_ends_the_job_with_an_error(message):
    error = error_after(lambda master: master.received("python-1", message))

    assert "job job: a message of worker python-1 cannot be handled: KeyError: 99" in error


def test_a_worker_that_has_failed_ends_the_job_with_what_it_said():
    failed = control.WorkerMessage(failed=control.WorkerFailed(summary="no room", trace="at line 7"))

    error = error_after(lambda master: master.received("python-1", failed))

    assert "job job: worker python-1 failed: no room\nat line 7" in error


def test_what_is_done_beside_all_else_ends_the_job_with_its_error():
    async def fails() -> None:
        raise LookupError("a mistake of ours")

    error = error_after(lambda master: master._life.in_background(fails()) and None)

    assert "LookupError: a mistake of ours" in error


def test_new_incarnations_are_remembered_before_the_old_ones_of_a_whole_job_are_cancelled(tmp_path):
    done: list[str | None] = []
    store = Mock(reconnect_timeout_ms=1000, saved_state=b"")
    store.save = AsyncMock(side_effect=lambda _state: done.append("saved"))

    async def roll_back() -> None:
        master = make_master(Process(), store, checkpoint_dir=str(tmp_path))
        await master._server.start("127.0.0.1")
        stream = Mock(send=lambda message: done.append(message.WhichOneof("message")))
        assert master.connected(control.WorkerHello(worker_id="python-1", set_up=True), stream)
        done.clear()
        await master._failover._remember({task.task_id for task in master.plan.tasks})
        await master._server.stop()

    asyncio.run(roll_back())

    assert done == ["saved", "cancel_tasks"]


class Killed:
    """Starts workers that deploy their tasks and run them; one of the first and all but its last replacement die."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.delays: list[float] = []  # before each replacement
        self.master: JobMaster | None = None
        self.recovered = asyncio.Event()

    async def start(self, spec: WorkerSpec) -> Process:
        assert self.master is not None
        if "standby" in spec.worker_id:
            self.delays.append(self.master._pool._starts[spec.language].delay(is_standby=False))
        process = Process()
        asyncio.get_running_loop().call_soon(self.connect, self.master, spec.worker_id, process)
        return process

    def connect(self, master: JobMaster, worker_id: str, process: Process) -> None:
        def send(message: control.MasterMessage) -> None:
            if message.HasField("deploy_task"):
                asyncio.get_running_loop().call_soon(self.deploy, master, worker_id, message.deploy_task, process)

        def kill() -> None:
            process.kill()
            master.disconnected(worker_id, stream)

        def kill_once_the_job_runs() -> None:
            if master.state is JobState.RUNNING:
                kill()
            else:
                asyncio.get_running_loop().call_later(0.05, kill_once_the_job_runs)

        stream = Mock(send=send)
        assert master.connected(control.WorkerHello(worker_id=worker_id), stream)
        if worker_id == "python-1":
            kill_once_the_job_runs()
        elif 0 < len(self.delays) < self.times:
            kill()

    def deploy(self, master: JobMaster, worker_id: str, task: control.TaskDescriptor, process: Process) -> None:
        if process.poll() is not None:
            return
        about: dict[str, Any] = {"task_id": task.task_id, "incarnation": task.incarnation}
        deployed = control.TaskDeployed(**about)
        running = control.TaskStatus(state=control.TASK_STATE_RUNNING, **about)
        master.received(worker_id, control.WorkerMessage(task_deployed=deployed))
        master.received(worker_id, control.WorkerMessage(task_status=running))
        if len(self.delays) == self.times and master._assignment.all_live:
            self.recovered.set()


def test_workers_that_are_killed_one_after_another_once_they_have_connected_are_replaced_without_delay(tmp_path):
    async def delays() -> list[float]:
        options = {"checkpoint_dir": str(tmp_path), "recovery_attempts": "1000", "recovery_standbys": "0"}
        killed = Killed(8)
        killed.master = make_master(Process(), **options)
        killed.master._launcher.start = killed.start  # type: ignore[method-assign]
        running = asyncio.ensure_future(killed.master.run())
        recovered = asyncio.ensure_future(killed.recovered.wait())
        await asyncio.wait([running, recovered], timeout=120, return_when=asyncio.FIRST_COMPLETED)
        assert recovered.done(), running.result()
        killed.master.cancel()
        await asyncio.wait_for(running, 120)
        return killed.delays

    assert asyncio.run(delays()) == [0] * 8


def hello_of(worker_id: str, task: int, state: control.TaskState) -> control.WorkerHello:
    """What a worker says to a new master: it has one task, which is in this state."""
    snapshot = control.TaskSnapshot(
        status=control.TaskStatus(task_id=task, state=state),
        deployed=control.TaskDeployed(task_id=task, endpoint=control.Endpoint(unix_path="/a")),
        connected=True,
    )
    return control.WorkerHello(worker_id=worker_id, set_up=True, tasks=[snapshot])


def test_a_master_that_takes_the_place_of_another_goes_on_once_all_its_workers_have_come(tmp_path):
    left = MasterState(begun_checkpoint=4, recoveries=2, spare_workers=1)
    for worker_id, task in (("python-1", 1), ("python-standby-1", 2)):
        left.workers.add(worker_id=worker_id, language=pb.LANGUAGE_PYTHON, task_ids=[task])
        left.incarnations[task] = 0
    store = Mock(reconnect_timeout_ms=1000, saved_state=left.SerializeToString(), save=AsyncMock(), ending=AsyncMock())

    async def take_over() -> None:
        process = Process()
        options = {"checkpoint_dir": str(tmp_path), "recovery_standbys": "0"}
        master = make_master(process, store, **options)
        running = asyncio.ensure_future(master.run())
        while len([worker for worker in master.describe_workers() if worker.pid]) < 2:
            await asyncio.sleep(0.01)
        streams = [Mock(), Mock()]
        run = control.TASK_STATE_RUNNING

        assert master.connected(hello_of("python-1", 1, run), streams[0])
        assert (master._life.phase, master.state) == (Phase.RECONNECTING, JobState.DEPLOYING)
        assert not master.connected(control.WorkerHello(worker_id="python-2"), Mock()), "it was given up"
        assert master.connected(hello_of("python-standby-1", 2, run), streams[1])

        assert master.state is JobState.RUNNING
        assert master.status().recoveries == 2
        for stream in streams:
            stream.send.assert_not_called()
        process.exit_code = 0
        for worker_id, stream in zip(("python-1", "python-standby-1"), streams, strict=True):
            master.disconnected(worker_id, stream)
        master.cancel()
        assert isinstance(await asyncio.wait_for(running, 60), JobCancelledError)

    asyncio.run(take_over())


def test_a_job_that_is_cancelled_while_its_workers_are_ended_has_finished():
    async def run() -> None:
        process = Process()
        master = make_master(process)
        running = asyncio.ensure_future(master.run())
        while not master.describe_workers()[0].pid:
            await asyncio.sleep(0.01)
        master._launcher.close = AsyncMock(side_effect=master.cancel)  # type: ignore[method-assign]
        for task in master.plan.tasks:
            status = control.TaskStatus(task_id=task.task_id, state=control.TASK_STATE_FINISHED)
            master.received("python-1", control.WorkerMessage(task_status=status))
        process.exit_code = 0

        assert await asyncio.wait_for(running, 60) is None
        assert master.state is JobState.FINISHED

    asyncio.run(run())
