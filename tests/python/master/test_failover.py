"""What becomes of a job when a worker dies or a task fails."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from anabranch.checkpoint.numbers import FINAL
from anabranch.master.job_life import Phase
from anabranch.v1 import control_pb2 as control

from .conftest import MAP, SINK, SOURCE

NO_DELAY = {"restart_delay__ms": "0", "recovery_standbys": "0"}


@pytest.fixture
def on_running_job(make_parts):
    """Runs a test with the parts of a job that runs, and the streams of its workers."""

    def run(test: Callable[[Any, Any], Awaitable[None]], **options: str) -> None:
        async def running() -> None:
            parts = make_parts(**{**NO_DELAY, **options})
            streams = parts.connect_all()
            parts.runs()
            await test(parts, streams)

        asyncio.run(running())

    return run


async def in_the_background(parts: Any) -> None:
    """Waits until all that is done beside all else is done."""
    while parts.life._background:
        await asyncio.wait(parts.life._background)


def incarnations(parts: Any) -> list[int]:
    return [parts.assignment.tasks[task].descriptor.incarnation for task in (SOURCE, MAP, SINK)]


def error(record: str = "", **fields: Any) -> control.TaskError:
    return control.TaskError(operator="map", summary="ValueError: bad", record=record, **fields)


def test_the_tasks_of_a_dead_worker_go_on_from_the_checkpoint_on_another_one(on_running_job):
    async def test(parts: Any, streams: Any) -> None:
        dead = parts.assignment.workers["python-2"]

        await parts.failover.worker_died(dead, "worker python-2 was killed\nits last lines")
        await in_the_background(parts)

        assert incarnations(parts) == [0, 1, 1]
        assert parts.assignment.tasks[MAP].descriptor.restore.number == 7
        assert parts.assignment.tasks[MAP].worker.worker_id == "python-standby-1"
        assert parts.warnings == ["job job: worker python-2 was killed; rolling back its tasks alone to checkpoint 7"]
        assert [(spec.worker_id, spec.place_of) for spec in parts.started] == [("python-standby-1", "python-2")]
        assert parts.saved[-1].incarnations == {SOURCE: 0, MAP: 1, SINK: 1}
        assert streams["python-1"].sent == [], "it goes on"
        assert [back.task_id for back in parts.results.taken_back] == [SINK]
        assert parts.failover.recoveries == 1

    on_running_job(test)


def test_a_connected_standby_takes_over_at_once(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        parts.pool.start_standbys()
        await in_the_background(parts)
        standby = parts.connect("python-standby-1")

        await parts.failover.worker_died(parts.assignment.workers["python-2"], "it died")

        assert [message.deploy_task.task_id for message in standby.sent] == [MAP, SINK]

    on_running_job(test, recovery_standbys="1")


def test_a_job_with_whole_recovery_goes_back_as_a_whole_and_ends_what_is_left_of_it(on_running_job):
    async def test(parts: Any, streams: Any) -> None:
        await parts.failover.worker_died(parts.assignment.workers["python-2"], "it died")

        assert incarnations(parts) == [1, 1, 1]
        assert streams["python-1"].kinds == ["cancel_tasks", "deploy_task"]
        assert "rolling back the whole job to checkpoint 7" in parts.warnings[0]
        parts.checkpoints.abandon.assert_called_once()

    on_running_job(test, recovery_scope="job")


def test_a_checkpoint_that_cannot_be_read_takes_the_whole_job_back_and_says_so(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        parts.checkpoints.is_behind_tasks = True

        await parts.failover.worker_died(parts.assignment.workers["python-2"], "it died")

        assert incarnations(parts) == [1, 1, 1]
        assert "A newer checkpoint was completed and cannot be read" in parts.warnings[0]

    on_running_job(test)


def test_a_worker_that_dies_before_the_job_runs_ends_it(make_parts):
    async def test() -> None:
        parts = make_parts()
        parts.life.enter(Phase.DEPLOYING)

        await parts.failover.worker_died(parts.assignment.workers["python-2"], "worker python-2 was killed")

        assert await parts.error() == "job job: worker python-2 was killed"

    asyncio.run(test())


def test_without_checkpoints_a_dead_worker_or_a_failed_task_ends_the_job(make_parts):
    async def test(*, worker: bool) -> str:
        parts = make_parts(recoverable=False)
        parts.runs()
        if worker:
            await parts.failover.worker_died(parts.assignment.workers["python-2"], "it died")
        else:
            parts.failover.task_failed(parts.assignment.tasks[MAP], error())
        assert incarnations(parts) == [0, 0, 0]
        return str(await parts.error())

    assert asyncio.run(test(worker=True)) == "job job: it died"
    assert "operator 'map' failed" in asyncio.run(test(worker=False))


def test_a_task_whose_workers_die_too_often_between_two_checkpoints_ends_the_job(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        async def die() -> None:
            await parts.failover.worker_died(parts.assignment.tasks[MAP].worker, "it died")
            await in_the_background(parts)
            parts.failover.task_is_live(parts.assignment.tasks[MAP])

        await die()
        await die()
        parts.checkpoints.last = 8
        await die()
        await die()
        assert not parts.life.is_decided

        await die()

        assert "are limited to 2 (option anabranch.recovery.attempts)." in await parts.error()

    on_running_job(test, recovery_attempts="2")


def test_new_workers_that_fail_as_soon_as_they_start_have_a_little_more_patience(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        task = parts.assignment.tasks[MAP]
        for _ in range(3):
            await parts.failover.worker_died(task.worker, "it died")
        assert not parts.life.is_decided

        task.deaths.since = time.monotonic() - 3600
        await parts.failover.worker_died(task.worker, "it died")

        assert "Gave up: recoveries" in await parts.error()

    on_running_job(test, recovery_attempts="1")


def test_failures_are_handled_one_after_the_other(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        settled = asyncio.Event()
        parts.checkpoints.settle.side_effect = settled.wait
        workers = parts.assignment.workers
        deaths = [
            asyncio.ensure_future(parts.failover.worker_died(worker, "it died")) for worker in [*workers.values()]
        ]
        await asyncio.sleep(0)
        assert parts.failover.recoveries == 0, "which checkpoint is the last one is not known yet"

        settled.set()
        await asyncio.gather(*deaths)

        assert parts.failover.recoveries == 2
        assert parts.assignment.tasks.recovering == {SOURCE, MAP, SINK}

    on_running_job(test)


def test_a_failed_task_begins_again_where_restarts_are_left(on_running_job):
    async def test(parts: Any, streams: Any) -> None:
        parts.failover.task_failed(parts.assignment.tasks[MAP], error("'a'", record_position=3))
        await in_the_background(parts)

        assert incarnations(parts) == [0, 1, 0]
        assert [message.deploy_task.task_id for message in streams["python-2"].sent] == [MAP]
        assert parts.warnings == ["job job: ValueError: bad; restarting the task in 0 s from checkpoint 7"]

        parts.failover.task_failed(parts.assignment.tasks[MAP], error("'b'", record_position=4))

        assert "operator 'map' failed" in await parts.error()

    on_running_job(test, restart_attempts="1")


def test_a_record_that_fails_again_ends_the_job_though_restarts_are_left(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        parts.failover.task_failed(parts.assignment.tasks[MAP], error("'a'", record_position=3))
        await in_the_background(parts)

        parts.failover.task_failed(parts.assignment.tasks[MAP], error("'a'", record_position=3))

        assert "failed again after a restart; giving up" in await parts.error()

    on_running_job(test, restart_attempts="9")


def test_nondeterminism_is_known_by_its_kind_and_takes_the_whole_job_back(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        kind = control.TaskError.KIND_NONDETERMINISM
        parts.failover.task_failed(parts.assignment.tasks[MAP], control.TaskError(summary="it differs", kind=kind))
        await in_the_background(parts)

        assert incarnations(parts) == [1, 1, 1]
        assert parts.warnings == ["job job: it differs; rolling back the whole job to checkpoint 7"]

    on_running_job(test)


def test_the_words_of_an_error_decide_nothing(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        parts.failover.task_failed(parts.assignment.tasks[MAP], control.TaskError(summary="NondeterminismError: mine"))

        assert "NondeterminismError: mine" in await parts.error()
        assert incarnations(parts) == [0, 0, 0]

    on_running_job(test)


def test_a_worker_whose_process_cannot_be_started_is_replaced(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        worker = parts.assignment.workers["python-2"]

        await parts.failover.start_failed(worker, "worker python-2 could not be started: no memory")
        await in_the_background(parts)

        assert "could not be started: no memory; rolling back its tasks alone" in parts.warnings[0]
        assert parts.assignment.tasks[MAP].worker.worker_id == "python-standby-1"

    on_running_job(test)


def test_what_died_with_the_master_before_is_recovered_and_the_rest_goes_on(make_parts):
    async def test() -> None:
        parts = make_parts(**NO_DELAY)
        streams = parts.connect_all()
        parts.assignment.tasks[SOURCE].state = control.TASK_STATE_RUNNING

        await parts.failover.recover_what_died()

        assert incarnations(parts) == [0, 1, 1]
        assert [message.deploy_task.task_id for message in streams["python-2"].sent] == [MAP, SINK]
        assert streams["python-1"].sent == []
        assert parts.warnings == ["job job: workers have died while the job master was away"]
        parts.checkpoints.resume.assert_called_once()

    asyncio.run(test())


def test_a_worker_that_does_not_resume_its_tasks_is_given_up(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        parts.assignment.tasks[MAP].begin_again(control.Snapshot(number=FINAL))
        parts.deployment.deploy_again({MAP})
        died: list[str] = []

        async def note(_worker: Any, death: str) -> None:
            died.append(death)

        parts.failover.worker_died = note
        parts.failover.look(time.monotonic())
        assert not parts.assignment.workers["python-2"].dying

        parts.failover.look(time.monotonic() + 3600)
        await in_the_background(parts)

        assert died == [
            "worker python-2 has not resumed task 2 within 60 s (option anabranch.deploy.timeout-ms)",
        ]
        assert "the recovery has taken 3600 s up to now: task 2 (is being deployed)" in parts.warnings[0]

    on_running_job(test, deploy_timeout__ms="60000")


def test_a_restart_that_waits_for_its_time_is_not_late(on_running_job):
    async def test(parts: Any, _streams: Any) -> None:
        parts.assignment.tasks[MAP].begin_again(control.Snapshot())

        parts.failover.look(time.monotonic() + 3600)

        assert parts.assignment.all_live is False
        assert not parts.assignment.workers["python-2"].dying
        assert parts.warnings == []

    on_running_job(test)
