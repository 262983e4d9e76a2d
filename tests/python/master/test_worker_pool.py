"""Workers are started, watched, replaced and ended."""

import asyncio
import time
from typing import Any

import pytest

from anabranch.master.job_life import Phase
from anabranch.v1.master_pb2 import MasterState

from .conftest import MAP, SINK, SOURCE


class Listener:
    """Hears of workers that are gone."""

    def __init__(self) -> None:
        self.deaths: list[str] = []
        self.failed: list[str] = []

    async def worker_died(self, _worker: Any, death: str) -> None:
        self.deaths.append(death)

    async def start_failed(self, _worker: Any, problem: str) -> None:
        self.failed.append(problem)


async def in_the_background(parts: Any) -> None:
    while parts.life._background:
        await asyncio.wait(parts.life._background)


def test_the_workers_of_the_plan_are_started_with_the_address_of_the_master(make_parts):
    async def run() -> None:
        parts = make_parts()

        await parts.pool.start("10.0.0.1:7")

        assert [(spec.worker_id, spec.master) for spec in parts.started] == [
            ("python-1", "10.0.0.1:7"),
            ("python-2", "10.0.0.1:7"),
        ]
        assert [worker.pid for worker in parts.pool.describe()] == [1, 1]

    asyncio.run(run())


def test_a_worker_that_has_exited_is_reported_once_with_its_last_lines(make_parts):
    async def run() -> None:
        parts = make_parts()
        parts.pool.listener = listener = Listener()
        parts.connect_all()
        parts.runs()
        parts.pool.note_error_line("python-2", "out of memory")
        parts.pool.note_error_line("of another job", "nobody has it")
        parts.assignment.workers["python-2"].process.exit_code = 3

        await parts.pool.look(time.monotonic())
        await parts.pool.look(time.monotonic())
        await in_the_background(parts)

        (death,) = listener.deaths
        assert "worker python-2, process 1, exited with code 3 while it ran task 2, task 3" in death
        assert "out of memory" in death

    asyncio.run(run())


def test_a_worker_whose_stream_has_ended_is_reported_though_its_process_is_there(make_parts):
    async def run() -> None:
        parts = make_parts()
        parts.pool.listener = listener = Listener()
        parts.connect_all()
        parts.runs()
        parts.assignment.workers["python-1"].lost = True

        await parts.pool.look(time.monotonic())
        await in_the_background(parts)

        assert "closed its control stream" in listener.deaths[0]

    asyncio.run(run())


@pytest.mark.parametrize(("excused", "is_given_up"), [(0.0, True), (3600.0, False)])
def test_a_silent_worker_is_given_up_unless_nobody_could_be_heard(make_parts, excused, is_given_up):
    async def run() -> None:
        parts = make_parts(heartbeat_timeout__ms="10000")
        parts.pool.listener = listener = Listener()
        parts.connect_all()
        parts.pool.excuse(excused)

        await parts.pool.look(time.monotonic() + 60)
        await in_the_background(parts)

        assert ["no heartbeat from worker" in death and "for 60 s" in death for death in listener.deaths] == (
            [True, True] * is_given_up
        )

    asyncio.run(run())


def test_a_job_that_runs_has_as_many_standbys_as_it_asks_for(make_parts):
    async def run() -> None:
        parts = make_parts(recovery_standbys="2")
        parts.pool.start_standbys()
        assert parts.started == [], "it does not run yet"
        parts.runs()

        parts.pool.start_standbys()
        parts.pool.start_standbys()
        await in_the_background(parts)

        assert [spec.worker_id for spec in parts.started] == ["python-standby-1", "python-standby-2"]
        assert {spec.place_of for spec in parts.started} == {"python-1"}

    asyncio.run(run())


def test_a_worker_is_started_for_tasks_that_no_standby_can_have(make_parts):
    async def run() -> None:
        parts = make_parts()
        parts.runs()

        parts.pool.replace(parts.assignment.workers["python-2"])
        await in_the_background(parts)

        assert parts.assignment.workers["python-standby-1"].plan.task_ids == (MAP, SINK)
        assert parts.assignment.tasks[SOURCE].worker.worker_id == "python-1"

    asyncio.run(run())


def test_a_process_that_cannot_be_started_is_reported(make_parts):
    async def run() -> None:
        parts = make_parts()
        parts.pool.listener = listener = Listener()
        parts.runs()

        async def fail(_spec: Any) -> None:
            raise OSError("no memory")

        parts.launcher.start = fail
        parts.pool.replace(parts.assignment.workers["python-2"])
        await in_the_background(parts)

        assert listener.failed == ["worker python-standby-1 could not be started: no memory"]

    asyncio.run(run())


def test_no_worker_is_started_for_a_job_whose_end_is_decided(make_parts):
    async def run() -> None:
        parts = make_parts()
        parts.runs()
        parts.pool.replace(parts.assignment.workers["python-2"])

        parts.life.cancel()
        await in_the_background(parts)

        assert parts.started == []

    asyncio.run(run())


def test_names_are_not_given_twice_by_the_next_master(make_parts):
    async def run() -> None:
        first, second, state = make_parts(), make_parts(), MasterState()
        first.runs()
        first.pool.replace(first.assignment.workers["python-2"])
        first.pool.save_to(state)
        second.runs()

        second.pool.load_from(state)
        second.pool.replace(second.assignment.workers["python-1"])

        assert "python-standby-2" in second.assignment.workers
        first.life.cancel()
        second.life.cancel()
        await in_the_background(first)
        await in_the_background(second)

    asyncio.run(run())


def test_workers_are_asked_to_end_and_then_killed(make_parts, monkeypatch):
    monkeypatch.setattr("anabranch.master.worker_pool._EXIT_TIMEOUT", 0.05)

    async def run() -> None:
        parts = make_parts()
        streams = parts.connect_all()
        parts.life.enter(Phase.DEPLOYING)

        await parts.pool.stop_tasks(0.0)
        await parts.pool.shut_down()

        assert streams["python-1"].kinds == ["cancel_tasks", "shutdown"]
        assert {worker.process.exit_code for worker in parts.assignment.workers.values()} == {-9}
        parts.launcher.close.assert_awaited_once()

    asyncio.run(run())
