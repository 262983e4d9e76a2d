"""The life of tasks: how they run, end and fail, without a worker and a master."""

from collections import Counter

import pytest
from tests.python.task import functions
from tests.python.task.describing import TestJob
from tests.python.task.functions import END, Committed, Hundred, Numbers
from tests.python.task.running import RunningJob

from anabranch import MapFunction
from anabranch.task.lifecycle import TaskState


@pytest.fixture(autouse=True)
def world():
    """What functions and the test share."""
    made = functions.begin_anew()
    yield made
    made.gate.set()


def twice(number):
    return 2 * number


def half(number):
    return number // 2


def mod_seven(number):
    return number % 7


def plus(left, right):
    return left + right


def test_a_chain_hands_each_record_through_all_its_operators(tmp_path, world):
    job = TestJob(tmp_path)
    job.chain(job.operator("source", Hundred), job.operator("map", twice), job.operator("sink", Committed))
    with RunningJob(job) as running:
        running.await_end()

        assert [TaskState.RUNNING, TaskState.FINISHED] == running.states[1]
    assert [2 * number for number in range(100)] == world.of(0)


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_records_of_a_channel_keep_their_order(tmp_path, world, transport):
    job = TestJob(tmp_path, exchange__transport=transport)
    source = job.chain(job.operator("source", Numbers))
    sink = job.chain(job.operator("map", twice), job.operator("sink", Committed))
    job.edge(source, sink)
    with RunningJob(job) as running:
        running.await_end()

    assert [2 * number for number in range(END)] == world.of(0)


def test_a_union_merges_its_inputs_and_a_diamond_ends(tmp_path, world):
    job = TestJob(tmp_path)
    source = job.chain(job.operator("source", Numbers), parallelism=2)
    left = job.chain(job.operator("map", twice), parallelism=2)
    right = job.chain(job.operator("map", half))
    sink = job.chain(job.operator("union"), job.operator("sink", Committed))
    job.edge(source, left, "rebalance")
    job.edge(source, right)
    job.edge(left, sink)
    job.edge(right, sink)
    with RunningJob(job) as running:
        running.await_end()

    assert Counter(made for number in range(END) for made in (2 * number, number // 2)) == Counter(world.of(0))


def test_reduce_keeps_one_value_per_key_at_any_parallelism(tmp_path, world):
    job = TestJob(tmp_path)
    source = job.chain(job.operator("source", Numbers), job.operator("key_by", mod_seven), parallelism=2)
    sums = job.chain(job.operator("reduce", plus), job.operator("sink", Committed), parallelism=3)
    job.edge(source, sums, "key", keys=True)
    with RunningJob(job) as running:
        running.await_end()

    everything = [value for subtask in range(3) for value in world.of(subtask)]
    assert END == len(everything)
    assert {sum(range(key, END, 7)) for key in range(7)} <= set(everything)


class Failing(MapFunction):
    """Fails at the number 42, and then hangs in `close` until the test lets it go on."""

    hangs = False

    def map(self, value):
        if value == 42:
            raise KeyError("forty-two")
        return value

    def close(self) -> None:
        functions.world.log.append("closing")
        if self.hangs:
            functions.world.gate.wait()
        functions.world.log.append("closed")


class Hanging(Failing):
    hangs = True


def test_an_error_ends_the_task_and_names_operator_and_record(tmp_path, world):
    job = TestJob(tmp_path)
    source = job.chain(job.operator("source", Hundred))
    middle = job.chain(job.operator("map", Failing), job.operator("sink", Committed))
    job.edge(source, middle)
    with RunningJob(job) as running:
        error = running.await_error()

        assert ("KeyError: 'forty-two'", "map#2", 42) == (error.summary, error.operator, error.record_position)
        assert [TaskState.RUNNING, TaskState.FAILED] == running.states[2]
    assert ["closing", "closed"] == world.log
    assert not world.committed


def test_a_failure_is_reported_before_a_close_that_hangs(tmp_path, world):
    world.gate.clear()
    job = TestJob(tmp_path)
    job.chain(job.operator("source", Hundred), job.operator("map", Hanging))
    with RunningJob(job) as running:
        error = running.await_error()
        running.wait_for("close", lambda: world.log == ["closing"])

        assert "KeyError: 'forty-two'" == error.summary
        assert running.task(1).thread.is_alive()
        world.gate.set()
    assert ["closing", "closed"] == world.log


def test_a_cancelled_task_finishes_its_record_and_closes_its_functions(tmp_path, world):
    world.gate.clear()
    job = TestJob(tmp_path)
    source = job.chain(job.operator("source", Numbers))
    sink = job.chain(job.operator("map", Failing), job.operator("sink", Committed))
    job.edge(source, sink)
    world.allowed = 40
    with RunningJob(job) as running:
        running.await_state(2, TaskState.RUNNING)
        running.task(2).cancel()
        world.gate.set()
        running.await_state(2, TaskState.CANCELLED)
    assert "closed" == world.log[-1]


def test_a_task_that_waits_for_its_producers_can_be_cancelled(tmp_path):
    job = TestJob(tmp_path)
    source = job.chain(job.operator("source", Numbers))
    sink = job.chain(job.operator("sink", Committed))
    job.edge(source, sink)
    del job.tasks[0]
    with RunningJob(job) as running:
        running.task(2).cancel()
        running.await_state(2, TaskState.CANCELLED)

        assert [TaskState.CANCELLED] == running.states[2]


def test_a_function_that_cannot_be_loaded_fails_the_task_by_its_operator(tmp_path):
    job = TestJob(tmp_path)
    lost = job.operator("map", twice)
    lost.function.python_object.pickled = b"nonsense"
    job.chain(job.operator("source", Hundred), lost)
    with RunningJob(job) as running:
        error = running.await_error()

        assert "map#1" == error.operator
        assert [TaskState.FAILED] == running.states[1]


def test_a_task_has_finished_only_once_its_consumers_have_taken_everything(tmp_path, world):
    world.gate.clear()
    job = TestJob(tmp_path)
    source = job.chain(job.operator("source", Hundred))
    sink = job.chain(job.operator("sink", Committed))
    job.edge(source, sink)
    with RunningJob(job) as running:
        running.await_state(2, TaskState.RUNNING)
        assert TaskState.FINISHED not in running.states[1]
        world.gate.set()
        running.await_end()

    assert list(range(100)) == world.of(0)
