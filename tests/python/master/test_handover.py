"""A master leaves to the next one what that has to know."""

import asyncio
from unittest.mock import AsyncMock, Mock

from anabranch.master.handover import Handover
from anabranch.v1.gateway_pb2 import TakenBack
from anabranch.v1.master_pb2 import MasterState


def test_every_part_notes_what_it_knows_in_one_message(make_parts):
    async def run() -> None:
        parts = make_parts()
        parts.failover.recoveries = 3
        parts.results.taken_back.append(TakenBack(task_id=3, incarnation=1, epoch=7))

        await parts.handover.save()

        (state,) = parts.saved
        assert state.recoveries == 3
        assert [back.epoch for back in state.taken_back] == [7]
        assert [worker.worker_id for worker in state.workers] == ["python-1", "python-2"]

    asyncio.run(run())


def test_a_new_master_finds_what_was_left_byte_for_byte():
    state = MasterState(begun_checkpoint=4, completed_checkpoint=3, completed_at=1.5, checkpoint_duration=0.25)
    state.taken_back.add(task_id=1, incarnation=2, epoch=3)
    state.workers.add(worker_id="python-1", task_ids=[1, 2], place_of="python-0")
    state.incarnations[1] = 2

    left = Handover(Mock(saved_state=state.SerializeToString())).left()

    assert left == state


def test_a_first_master_finds_nothing():
    assert Handover(Mock(saved_state=b"")).left() is None


def test_a_master_that_nobody_takes_the_place_of_remembers_nothing():
    handover = Handover(None)
    handover.parts = (Mock(),)

    asyncio.run(handover.save())

    handover.parts[0].save_to.assert_not_called()
    assert handover.left() is None


def test_what_cannot_be_remembered_is_not_acted_on():
    handover = Handover(Mock(save=AsyncMock(side_effect=OSError("the registry is gone"))))

    async def save() -> str:
        try:
            await handover.save()
        except OSError as error:
            return str(error)
        return ""

    assert asyncio.run(save()) == "the registry is gone"
