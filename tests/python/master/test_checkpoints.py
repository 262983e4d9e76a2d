"""The master's bookkeeping of checkpoints, without workers."""

import asyncio
import time
from collections.abc import Mapping

from anabranch.config import Options
from anabranch.master.checkpoints import FINAL, Checkpoints
from anabranch.v1 import control_pb2 as control

SOURCE, OTHER_SOURCE, MAP, SINK = 1, 2, 3, 4
GRAPH = {SOURCE: frozenset({MAP}), OTHER_SOURCE: frozenset({MAP}), MAP: frozenset({SINK}), SINK: frozenset[int]()}


class Job:
    """What the master would do: sends, remembers, and warns."""

    def __init__(self, directory, graph: Mapping[int, frozenset[int]] = GRAPH, **options: str) -> None:
        self.sent: list[control.MasterMessage] = []
        self.warnings: list[str] = []
        settings = {"anabranch.checkpoint.dir": str(directory), "anabranch.checkpoint.interval-ms": "10", **options}
        self.checkpoints = Checkpoints(
            Options(settings),
            "job-1",
            graph,
            tell_all=self.sent.append,
            remember=self.remember,
            may_complete=lambda _number: True,
            warn=self.warnings.append,
        )

    async def remember(self) -> None:
        pass

    async def begin(self) -> None:
        await self.checkpoints.begin_if_due(time.monotonic() + 1)

    def triggers(self) -> list[tuple[int, set[int]]]:
        messages = [sent.trigger_checkpoint for sent in self.sent if sent.HasField("trigger_checkpoint")]
        return [(message.number, set(message.task_ids)) for message in messages]

    def ends(self, task: int) -> None:
        self.checkpoints.take(task, control.Snapshot(number=FINAL))

    def takes(self, number: int, *tasks: int) -> None:
        for task in tasks:
            self.checkpoints.take(task, control.Snapshot(number=number))

    async def settle(self) -> None:
        await self.checkpoints.settle()


def test_sources_are_told_to_take_a_checkpoint(tmp_path):
    job = Job(tmp_path)

    asyncio.run(job.begin())

    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE})]


def test_a_task_whose_producers_have_all_ended_takes_it_itself(tmp_path):
    job = Job(tmp_path)
    job.ends(SOURCE)
    job.ends(OTHER_SOURCE)

    asyncio.run(job.begin())

    assert job.triggers() == [(1, {MAP})]


def test_the_last_producer_may_end_while_the_checkpoint_is_pending(tmp_path):
    job = Job(tmp_path)

    asyncio.run(job.begin())
    job.ends(SOURCE)
    job.ends(OTHER_SOURCE)

    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE}), (1, {MAP})]


def test_the_barrier_of_one_producer_and_the_end_of_another_make_way_for_the_next_checkpoint(tmp_path):
    job = Job(tmp_path)

    async def run() -> None:
        await job.begin()
        job.takes(1, SOURCE)
        job.ends(SOURCE)
        job.ends(OTHER_SOURCE)
        await job.begin()

    asyncio.run(run())

    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE}), (2, {MAP})]


def test_a_producer_that_begins_again_lives(tmp_path):
    job = Job(tmp_path)
    job.ends(SOURCE)
    job.ends(OTHER_SOURCE)
    job.checkpoints.forget({SOURCE})

    asyncio.run(job.begin())

    assert job.triggers() == [(1, {SOURCE})]


def test_parts_and_ends_together_complete_a_checkpoint(tmp_path):
    job = Job(tmp_path)

    async def run() -> None:
        job.ends(SOURCE)
        job.ends(OTHER_SOURCE)
        await job.begin()
        job.takes(1, MAP, SINK)
        await job.settle()

    asyncio.run(run())

    assert job.checkpoints.last == 1
    assert {task: part.number for task, part in job.checkpoints.snapshots.items()} == {1: FINAL, 2: FINAL, 3: 1, 4: 1}
    assert job.sent[-1].checkpoint_completed.number == 1
