"""Who has which task, for this master and for one that takes its place."""

import asyncio

from anabranch.master.worker import Worker
from anabranch.plan import WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON
from anabranch.v1.master_pb2 import MasterState

from .conftest import MAP, SINK, SOURCE


def test_what_one_master_saves_another_one_loads(make_parts):
    async def run() -> None:
        first, second = make_parts(), make_parts()
        standby = Worker(WorkerPlan("python-standby-1", LANGUAGE_PYTHON, ()), place_of="python-2")
        idle = Worker(WorkerPlan("python-standby-2", LANGUAGE_PYTHON, ()))
        first.assignment.add(standby)
        first.assignment.add(idle)
        first.assignment.give(standby, (MAP, SINK))
        first.assignment.remove(first.assignment.workers["python-2"])
        first.assignment.tasks[MAP].begin_again(control.Snapshot())
        state = MasterState()

        first.assignment.save_to(state)
        second.assignment.load_from(MasterState.FromString(state.SerializeToString()))

        workers = second.assignment.workers
        assert list(workers) == ["python-1", "python-standby-1"], "a standby without tasks is started anew"
        assert workers["python-standby-1"].place_of == "python-2"
        assert workers["python-standby-1"].plan.task_ids == (MAP, SINK)
        tasks = second.assignment.tasks
        assert {task.task_id: task.worker.worker_id for task in tasks.values()} == {
            SOURCE: "python-1",
            MAP: "python-standby-1",
            SINK: "python-standby-1",
        }
        assert tasks[MAP].is_current(1)
        assert tasks[SINK].is_current(0)

    asyncio.run(run())


def test_all_are_told_who_are_connected(make_parts):
    async def run() -> None:
        parts = make_parts()
        stream = parts.connect("python-2")
        assert not parts.assignment.all_connected

        parts.assignment.tell_all(control.MasterMessage(shutdown=control.Shutdown()))

        assert stream.kinds == ["shutdown"]
        parts.connect("python-1")
        assert parts.assignment.all_connected

    asyncio.run(run())


def test_a_dying_worker_or_a_recovering_task_is_not_live(make_parts):
    async def run() -> None:
        assignment = make_parts().assignment
        assert assignment.all_live

        assignment.workers["python-1"].dying = True
        assert not assignment.all_live

        assignment.remove(assignment.workers["python-1"])
        assert assignment.all_live
        assignment.tasks[SINK].begin_again(control.Snapshot())
        assert not assignment.all_live

    asyncio.run(run())
