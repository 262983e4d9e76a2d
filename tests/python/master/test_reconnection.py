"""A new master learns from the workers of the one before it how far their tasks are."""

import asyncio

import pytest

from anabranch.master.reconnection import Reconnection
from anabranch.v1 import control_pb2 as control

from .conftest import MAP, SOURCE


def hello(worker_id: str, task: int, *, connected: bool = True) -> control.WorkerHello:
    """What a worker says that has one task, which runs."""
    status = control.TaskStatus(task_id=task, state=control.TASK_STATE_RUNNING)
    snapshot = control.TaskSnapshot(status=status, deployed=control.TaskDeployed(task_id=task), connected=connected)
    return control.WorkerHello(worker_id=worker_id, set_up=True, tasks=[snapshot])


def test_what_workers_have_said_before_is_said_again_in_its_order(make_parts):
    async def run() -> None:
        parts, heard = make_parts(), []
        reconnection = Reconnection(parts.assignment, parts.life, on_deployed=heard.append, on_status=heard.append)

        reconnection.learn(hello("python-1", SOURCE))
        reconnection.learn(hello("python-2", MAP, connected=False))

        assert [type(message).__name__ for message in heard] == ["TaskDeployed", "TaskStatus"] * 2
        assert parts.assignment.tasks[SOURCE].connected
        assert not parts.assignment.tasks[MAP].connected

    asyncio.run(run())


@pytest.mark.parametrize("recoverable", [True, False])
def test_a_worker_without_a_past_beside_others_ends_a_job_that_does_not_recover(make_parts, recoverable):
    async def run() -> None:
        parts = make_parts(recoverable=recoverable)
        reconnection = Reconnection(parts.assignment, parts.life, on_deployed=print, on_status=print)

        reconnection.learn(control.WorkerHello(worker_id="python-2"))
        assert not parts.life.is_decided, "the job may be a new one"
        reconnection.learn(hello("python-1", SOURCE))

        assert parts.life.is_decided is not recoverable
        if not recoverable:
            assert await parts.error() == "job job: worker python-2 has died while the job master was away"

    asyncio.run(run())
