"""Collected records reach the client once, and workers keep what the master may lose."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from anabranch.errors import JobCancelledError
from anabranch.master.assignment import Assignment
from anabranch.master.job_life import JobLife, Phase
from anabranch.master.job_log import JobLog
from anabranch.master.results import Results
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.master_pb2 import MasterState

TASK, OPERATOR = 1, 5


class Job:
    def __init__(self, *, kept_by_workers: bool) -> None:
        task = control.TaskDescriptor(task_id=TASK)
        task.chain.add(kind=pb.OPERATOR_KIND_COLLECT)
        plan = ExecutionPlan("job", ((task,),), (WorkerPlan("python-1", pb.LANGUAGE_PYTHON, (TASK,)),))
        self.life = JobLife("job-1", JobLog("job", print), recoverable=True)
        self.assignment = Assignment(plan)
        self.sent: list[control.MasterMessage] = []
        self.worker = self.assignment.workers["python-1"]
        self.worker.stream = Mock(send=self.sent.append)
        self.results = Results(self.assignment, self.life, kept_by_workers=kept_by_workers)

    def collect(self, seq: int, **fields: Any) -> None:
        self.results.take(self.worker, control.CollectedBatch(task_id=TASK, operator_id=OPERATOR, seq=seq, **fields))

    @property
    def acknowledged(self) -> list[int]:
        return [message.collected_ack.seq for message in self.sent]

    @property
    def seqs(self) -> list[int]:
        return [batch.seq for batch in self.results.batches]


def on_loop(test: Callable[[], Any]) -> None:
    async def run() -> None:
        await test()

    asyncio.run(run())


def test_a_master_that_lives_as_long_as_its_job_acknowledges_at_once():
    async def test() -> None:
        job = Job(kept_by_workers=False)
        job.collect(1)
        job.collect(1)

        assert job.acknowledged == [1]
        assert job.seqs == [1]
        assert job.results.are_safe_before(9)

    on_loop(test)


def test_a_master_that_may_be_replaced_acknowledges_what_the_client_has():
    async def test() -> None:
        job = Job(kept_by_workers=True)
        job.collect(1, epoch=3)
        assert job.acknowledged == []
        assert not job.results.are_safe_before(4)
        assert job.results.are_safe_before(3), "a checkpoint before it loses nothing"

        job.results.acknowledge({TASK: 1, 99: 1})

        assert job.acknowledged == [1]
        assert job.results.are_safe_before(4)

    on_loop(test)


def test_what_a_task_that_begins_again_collects_once_more_is_taken_back():
    async def test() -> None:
        job = Job(kept_by_workers=True)
        task = job.assignment.tasks[TASK]
        job.collect(1, epoch=1)
        job.collect(2, epoch=2)
        task.begin_again(control.Snapshot(number=2))

        job.results.take_back(task)
        job.collect(3, epoch=2)  # of the incarnation before
        job.collect(4, epoch=2, incarnation=1)

        assert job.seqs == [1, 4]
        (back,) = job.results.taken_back
        assert (back.task_id, back.incarnation, back.epoch) == (TASK, 1, 2)

    on_loop(test)


def test_the_next_master_has_the_client_drop_the_same():
    async def test() -> None:
        first, second, state = Job(kept_by_workers=True), Job(kept_by_workers=True), MasterState()
        first.results.take_back(first.assignment.tasks[TASK])

        first.results.save_to(state)
        second.results.load_from(state)

        assert second.results.taken_back == first.results.taken_back

    on_loop(test)


def test_the_end_waits_for_the_client_and_a_cancelled_job_does_not():
    async def test() -> None:
        job = Job(kept_by_workers=True)
        job.life.enter(Phase.DEPLOYING)
        job.collect(1)
        waits = asyncio.ensure_future(job.results.wait_until_safe(9))
        await asyncio.sleep(0)
        assert not waits.done()

        job.life.cancel()

        with pytest.raises(JobCancelledError):
            await asyncio.wait_for(waits, 60)

    on_loop(test)


def test_the_end_goes_on_once_the_client_has_all():
    async def test() -> None:
        job = Job(kept_by_workers=True)
        job.collect(1)
        waits = asyncio.ensure_future(job.results.wait_until_safe(9))
        await asyncio.sleep(0)

        job.results.acknowledge({TASK: 1})

        await asyncio.wait_for(waits, 60)

    on_loop(test)
