"""Workers are sent their tasks, and tasks hear of their producers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from anabranch.v1 import control_pb2 as control

from .conftest import MAP, SINK, SOURCE


@pytest.fixture
def with_parts(make_parts):
    """Runs a test with the parts of a job, and the streams of its workers, which are connected."""

    def run(test: Callable[[Any, Any], None]) -> None:
        async def running() -> None:
            parts = make_parts()
            test(parts, parts.connect_all())

        asyncio.run(running())

    return run


def deployed(task: int, incarnation: int = 0) -> control.TaskDeployed:
    endpoint = control.Endpoint(unix_path=f"/{task}.{incarnation}", tcp_host="10.0.0.1", tcp_port=task, nonce=b"n")
    return control.TaskDeployed(task_id=task, incarnation=incarnation, endpoint=endpoint)


def connections(stream: Any) -> dict[int, list[tuple[int, str]]]:
    """Returns what tasks were told of their producers: incarnation and address."""
    return {
        message.connect_task.task_id: [(p.incarnation, p.endpoint.unix_path) for p in message.connect_task.producers]
        for message in stream.sent
        if message.HasField("connect_task")
    }


def test_an_incarnation_is_sent_once(with_parts):
    def test(parts: Any, streams: Any) -> None:
        worker = parts.assignment.workers["python-2"]
        parts.deployment.deploy(worker, [MAP, SINK])
        parts.deployment.deploy(worker, [MAP, SINK])
        parts.assignment.tasks[MAP].begin_again(control.Snapshot())
        parts.deployment.deploy_again({MAP})

        sent = [(message.deploy_task.task_id, message.deploy_task.incarnation) for message in streams["python-2"].sent]
        assert sent == [(MAP, 0), (SINK, 0), (MAP, 1)]

    with_parts(test)


def test_tasks_hear_of_their_producers_once_all_are_deployed(with_parts):
    def test(parts: Any, streams: Any) -> None:
        parts.deployment.deployed(deployed(SOURCE))
        parts.deployment.deployed(deployed(MAP))
        assert not streams["python-2"].sent

        parts.deployment.deployed(deployed(SINK))

        assert connections(streams["python-1"]) == {SOURCE: []}
        assert connections(streams["python-2"]) == {MAP: [(0, "/1.0")], SINK: [(0, "/2.0")]}

    with_parts(test)


def test_only_consumers_of_a_task_that_has_moved_are_told(with_parts):
    def test(parts: Any, streams: Any) -> None:
        for task in (SOURCE, MAP, SINK):
            parts.deployment.deployed(deployed(task))
        for stream in streams.values():
            stream.sent.clear()
        parts.assignment.tasks[SOURCE].begin_again(control.Snapshot())

        parts.deployment.deployed(deployed(SOURCE, incarnation=1))

        assert connections(streams["python-1"]) == {SOURCE: []}
        assert connections(streams["python-2"]) == {MAP: [(1, "/1.1")]}

    with_parts(test)


def test_what_an_older_incarnation_says_is_not_heard(with_parts):
    def test(parts: Any, _streams: Any) -> None:
        parts.assignment.tasks[SOURCE].begin_again(control.Snapshot())

        parts.deployment.deployed(deployed(SOURCE, incarnation=0))

        assert parts.assignment.tasks[SOURCE].endpoint is None

    with_parts(test)


def test_tasks_on_other_hosts_are_dialled_over_tcp(with_parts):
    def test(parts: Any, streams: Any) -> None:
        parts.launcher.listen_host_of = {"python-1": "10.0.0.1", "python-2": "10.0.0.2"}.get
        for task in (SOURCE, MAP, SINK):
            parts.deployment.deployed(deployed(task))

        assert connections(streams["python-2"]) == {MAP: [(0, "")], SINK: [(0, "/2.0")]}

    with_parts(test)


def test_tasks_that_need_more_files_than_their_worker_may_open_end_the_job(make_parts):
    async def run() -> None:
        parts = make_parts()
        stream = parts.connect("python-2")
        worker = parts.assignment.workers["python-2"]
        worker.max_open_files = 10

        parts.deployment.deploy(worker, [MAP])

        assert stream.sent == []
        assert (await parts.error()).startswith("job job: worker python-2")

    asyncio.run(run())
