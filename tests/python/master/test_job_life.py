"""A job goes through its phases once, and has one outcome."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from anabranch.errors import JobCancelledError, JobFailedError
from anabranch.job import JobState
from anabranch.master.job_life import JobLife, Phase
from anabranch.master.job_log import JobLog
from anabranch.v1.control_pb2 import TaskError


def on_loop(test: Callable[[JobLife], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(JobLife("job-1", JobLog("job", print), recoverable=True))

    asyncio.run(run())


def run_to(life: JobLife, *phases: Phase) -> None:
    for phase in phases:
        life.enter(phase)


def test_clients_see_a_state_for_every_phase():
    assert Phase.RECONNECTING.state is JobState.DEPLOYING
    assert Phase.COMMITTING.state is JobState.RUNNING
    assert {phase.state for phase in Phase} == set(JobState)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("other", Phase)
def test_no_transition_is_legal_that_clients_must_not_see(phase, other):
    if phase.may_become(other):
        assert phase.state is other.state or phase.state.may_become(other.state)


def test_a_job_begins_to_run_once_and_says_so():
    async def test(life: JobLife) -> None:
        begun: list[JobState] = []
        life.on_running.append(lambda: begun.append(life.state))

        run_to(life, Phase.RECONNECTING, Phase.DEPLOYING, Phase.RUNNING, Phase.COMMITTING, Phase.FINISHED)

        assert begun == [JobState.RUNNING]

    on_loop(test)


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.COMMITTING])
def test_failures_are_recovered_while_the_job_runs_and_commits(phase):
    async def test(life: JobLife) -> None:
        run_to(life, Phase.DEPLOYING)
        assert not life.recovers

        life.enter(Phase.RUNNING)
        if phase is not Phase.RUNNING:
            life.enter(phase)

        assert life.recovers
        life.cancel()
        assert not life.recovers

    on_loop(test)


def test_a_transition_that_is_not_legal_is_a_mistake_of_ours():
    async def test(life: JobLife) -> None:
        with pytest.raises(AssertionError, match="CREATED -> "):
            life.enter(Phase.RUNNING)

    on_loop(test)


def test_the_first_outcome_counts():
    async def test(life: JobLife) -> None:
        life.fail("the first", TaskError(operator="map"))
        life.fail("the second")
        life.succeed()

        with pytest.raises(JobFailedError, match="job job: the first") as failure:
            await life.outcome()
        assert failure.value.job_name == "job"
        assert failure.value.error is not None
        assert failure.value.error.operator == "map"

    on_loop(test)


def test_a_job_that_is_being_cancelled_does_not_begin_to_fail():
    async def test(life: JobLife) -> None:
        run_to(life, Phase.DEPLOYING, Phase.RUNNING)
        life.cancel()
        life.cancel()

        life.enter(Phase.FAILING)

        assert life.phase is Phase.CANCELLING
        with pytest.raises(JobCancelledError, match="job job was cancelled"):
            await life.outcome()

    on_loop(test)


def test_a_job_that_was_cancelled_before_it_is_closed_is_a_cancelled_one():
    async def test(life: JobLife) -> None:
        run_to(life, Phase.DEPLOYING, Phase.RUNNING)
        life.succeed()
        life.cancel()

        with pytest.raises(JobCancelledError):
            life.close()

    on_loop(test)


def test_nobody_cancels_a_job_whose_workers_are_being_ended():
    async def test(life: JobLife) -> None:
        run_to(life, Phase.DEPLOYING, Phase.RUNNING)
        life.succeed()
        life.close()

        life.cancel()
        life.enter(Phase.FINISHED)

        assert life.state is JobState.FINISHED

    on_loop(test)


def test_what_is_done_beside_all_else_fails_the_job_by_its_error():
    async def fails() -> None:
        raise LookupError("a mistake of ours")

    async def test(life: JobLife) -> None:
        life.in_background(fails())

        with pytest.raises(JobFailedError, match="job job: LookupError: a mistake of ours"):
            await asyncio.wait_for(life.outcome(), 60)

    on_loop(test)


def test_what_is_cancelled_in_the_background_is_no_failure():
    async def test(life: JobLife) -> None:
        asleep = life.in_background(asyncio.sleep(60))
        await asyncio.sleep(0)
        asleep.cancel()
        await asyncio.wait([asleep])

        assert not life.is_decided

    on_loop(test)
