"""Tasks that take checkpoints, are killed and are restored, without a worker and a master."""

import itertools
import random
import threading

import pytest
from tests.python.task import functions
from tests.python.task.describing import TestJob
from tests.python.task.functions import END, Chance, Committed, Hundred, Numbers, Ten
from tests.python.task.running import RunningJob

from anabranch import FlatMapFunction
from anabranch.checkpoint.numbers import FINAL
from anabranch.task.lifecycle import TaskState
from anabranch.v1 import control_pb2 as control

SOURCES, MIDDLE, SINKS = (1, 2), 3, (4, 5)


@pytest.fixture(autouse=True)
def world():
    """What functions and the test share."""
    made = functions.begin_anew()
    yield made
    made.gate.set()


def job_of(directory, **options):
    return TestJob(directory, **{"checkpoint__dir": directory, "inflight__spill_dir": directory, **options})


def chances(directory, **options):
    """Two sources, a task in which records meet in any order, and two sinks that get all of them."""
    job = job_of(directory, **options)
    sources = job.chain(job.operator("source", Numbers), parallelism=2)
    middle = job.chain(job.operator("map", Chance))
    sinks = job.chain(job.operator("sink", Committed), parallelism=2)
    job.edge(sources, middle)
    job.edge(middle, sinks, "broadcast")
    return job


def lines(world, subtask):
    """Of each committed line the number, and which one it was in the middle."""
    return [tuple(map(int, line.split()[:2])) for line in world.of(subtask)]


def assert_whole(world):
    assert world.of(0) == world.of(1)
    numbers = [number for number, _ in lines(world, 0)]
    for source in range(2):
        assert list(range(source, END, 2)) == [number for number in numbers if number % 2 == source]
    assert list(range(END)) == [count for _, count in lines(world, 0)]


def allow(running, world, numbers):
    """Lets sources go on up to a number, and waits until sinks have seen something of that."""
    world.allowed, before = numbers, world.seen
    running.wait_for(f"records up to {numbers}", lambda: world.seen > before)


def test_a_checkpoint_commits_what_is_before_it_and_the_end_commits_the_rest(tmp_path, world):
    world.allowed = 1000
    with RunningJob(chances(tmp_path)) as running:
        running.wait_for("records", lambda: world.seen == 2 * 1000)
        running.checkpoint(*SOURCES)
        running.wait_for("commits", lambda: len(world.committed) == 2)

        assert {f"{subtask}/{1:020}" for subtask in (0, 1)} == set(world.committed)
        assert list(range(1000)) == [count for _, count in lines(world, 1)]

        world.allowed = END
        running.await_end()

    assert {1, FINAL} == {int(name.split("/")[1]) for name in world.committed}
    assert_whole(world)


VICTIMS = [(3,), (4,), (1,), (1, 2), (3, 4), (1, 3), (4, 5), (3, 4, 5), (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("victims", VICTIMS, ids=str)
def test_whatever_fails_the_sinks_get_the_same(tmp_path, world, victims):
    world.allowed = 0
    with RunningJob(chances(tmp_path)) as running:
        allow(running, world, 600)
        running.kill(*victims)  # there is no checkpoint yet
        allow(running, world, 1200)
        running.checkpoint(*SOURCES)
        allow(running, world, 1800)
        running.kill(*victims)
        running.checkpoint(*SOURCES)
        allow(running, world, 2400)
        running.kill(*victims)
        running.kill(*victims)  # in the middle of a recovery
        world.allowed = END
        running.await_end()

    assert_whole(world)


@pytest.mark.parametrize("seed", range(4))
def test_tasks_fail_at_random_with_checkpoints_between(tmp_path, world, seed):
    chosen = random.Random(seed)
    world.allowed = 0
    with RunningJob(chances(tmp_path, recovery__sharing_depth=0)) as running:
        for allowed in range(300, END, 300):
            allow(running, world, allowed)
            running.kill(*chosen.sample(range(1, 6), chosen.randint(1, 2)))
            if chosen.random() < 0.5:
                running.checkpoint(*SOURCES)
        world.allowed = END
        running.await_end()

    assert_whole(world)


def test_sent_frames_that_were_spilled_to_files_are_replayed_like_others(tmp_path, world):
    world.allowed = 1500
    with RunningJob(chances(tmp_path, inflight__memory_bytes=1000)) as running:
        running.wait_for("records", lambda: world.seen == 2 * 1500)
        running.kill(3, 5)
        world.allowed = END
        running.await_end()

    assert_whole(world)


def test_a_finished_task_still_serves_a_consumer_that_is_restored(tmp_path, world):
    world.gate.clear()
    job = job_of(tmp_path)
    source = job.chain(job.operator("source", Ten))
    sink = job.chain(job.operator("sink", Committed))
    job.edge(source, sink)
    with RunningJob(job) as running:
        running.wait_for("end of the source", lambda: running.checkpoint_of(1, FINAL))
        world.gate.set()
        running.await_state(1, TaskState.FINISHED)
        running.kill(2)
        running.await_end()

    assert list(range(10)) == world.of(0)


def source_that_has_ended_and_a_sink(directory, **options):
    job = job_of(directory, batch__max_records=1, **options)
    source = job.chain(job.operator("source", Ten))
    sink = job.chain(job.operator("sink", Committed))
    job.edge(source, sink)
    return job


@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once"])
def test_a_triggered_task_takes_the_barrier_that_it_has_read_ahead_and_not_a_checkpoint_of_its_own(
    tmp_path, world, mode
):
    world.gate.clear()
    world.allowed = 5
    with RunningJob(source_that_has_ended_and_a_sink(tmp_path, mode=mode)) as running:
        running.await_state(2, TaskState.RUNNING)
        number = running.begin_checkpoint(1)
        running.wait_for("barrier", lambda: running.checkpoint_of(1, number))
        world.allowed = END
        running.wait_for("end of the source", lambda: running.checkpoint_of(1, FINAL))
        running.task(2).trigger_checkpoint(number)  # as the master does once all its producers have ended
        world.gate.set()
        running.await_end()

        (taken,) = running.checkpoint_of(2, number)
        assert not taken.unread
        before = running.checkpoint_of(1, number)[0].operators[0].records_out
        assert before == taken.operators[0].records_in
    assert list(range(10)) == world.of(0)


@pytest.mark.parametrize("victims", [(), (2,), (1, 2)], ids=str)
def test_a_checkpoint_without_a_barrier_holds_what_was_not_handled_yet(tmp_path, world, victims):
    world.gate.clear()
    with RunningJob(source_that_has_ended_and_a_sink(tmp_path)) as running:
        running.wait_for("end of the source", lambda: running.checkpoint_of(1, FINAL))
        number = running.begin_checkpoint(2)
        world.gate.set()
        running.wait_for("checkpoint", lambda: running.checkpoint_of(2, number))
        if victims:
            running.kill(*victims)
        running.await_end()

        taken = running.checkpoint_of(2, number)[0]
        assert taken.unread
        unread = sum(frame.header.n_records - frame.skip for frame in taken.unread)
        assert 10 == taken.operators[0].records_in + unread
    assert list(range(10)) == world.of(0)


def test_the_barrier_is_sent_before_the_snapshot_is_reported(tmp_path, world):
    world.allowed = 5
    with RunningJob(source_that_has_ended_and_a_sink(tmp_path)) as running:
        running.wait_for("records", lambda: world.seen == 5)
        downstream = threading.Event()

        def report(task, snapshot):
            if task == 1 and snapshot.number == 1:
                assert downstream.wait(60)
            elif task == 2:
                downstream.set()

        running.before_report = report
        running.checkpoint(1)
        world.allowed = END
        running.await_end()

        (taken,) = running.checkpoint_of(1, 1)
        assert [(5, 1)] == [(position.records, position.controls) for position in taken.outputs]
    assert list(range(10)) == world.of(0)


@pytest.mark.parametrize("victims", [(1,), (MIDDLE,), (1, 2), (1, MIDDLE)], ids=str)
def test_a_task_that_fails_between_barrier_and_snapshot_takes_the_same_checkpoint_again(tmp_path, world, victims):
    world.allowed = 0
    with RunningJob(chances(tmp_path)) as running:
        allow(running, world, 600)
        sent, goes_on = threading.Event(), threading.Event()

        def report(task, snapshot):
            if task == victims[-1] and snapshot.number == 1 and not sent.is_set():
                sent.set()
                assert goes_on.wait(60)

        running.before_report = report
        running.begin_checkpoint(*SOURCES)
        assert sent.wait(60)
        threading.Timer(0.1, goes_on.set).start()  # the task is cancelled then: its worker never sent the snapshot
        running.kill(*victims)
        allow(running, world, 1200)
        running.checkpoint(*SOURCES)
        world.allowed = END
        running.await_end()

    assert_whole(world)


def test_a_checkpoint_that_some_sources_never_take_is_given_up_for_the_next(tmp_path, world):
    world.allowed = 0
    with RunningJob(chances(tmp_path)) as running:
        allow(running, world, 600)
        running.begin_checkpoint(1)
        running.wait_for("its part", lambda: running.checkpoint_of(1, 1))
        running.checkpoint(*SOURCES)
        world.allowed = END
        running.await_end()

        assert not running.checkpoint_of(MIDDLE, 1)
        assert 1 == len(running.checkpoint_of(MIDDLE, 2))
    assert_whole(world)


def test_what_a_complete_checkpoint_covers_is_committed_though_the_task_is_cancelled_then(tmp_path, world):
    world.allowed = 600
    with RunningJob(chances(tmp_path)) as running:
        running.wait_for("records", lambda: world.seen == 2 * 600)
        world.gate.clear()
        world.allowed = 700
        running.begin_checkpoint(*SOURCES)
        running.wait_for("sources", lambda: all(running.checkpoint_of(each, 1) for each in SOURCES))
        world.gate.set()
        running.wait_for("parts", lambda: all(running.checkpoint_of(each, 1) for each in (*SOURCES, MIDDLE, *SINKS)))
    assert {f"{subtask}/{1:020}" for subtask in (0, 1)} == set(world.committed)


lifetimes = itertools.count()


class Undeclared(FlatMapFunction):
    """Emits another number of records in each life."""

    def open(self, _context) -> None:
        self.copies = 1 + next(lifetimes) % 2

    def flat_map(self, value, collector) -> None:
        for _ in range(self.copies):
            collector.collect(value)


def test_a_choice_that_was_not_declared_is_reported(tmp_path, world):
    world.allowed = 1000
    job = job_of(tmp_path)
    source = job.chain(job.operator("source", Numbers))
    middle = job.chain(job.operator("flat_map", Undeclared))
    sink = job.chain(job.operator("sink", Committed))
    job.edge(source, middle)
    job.edge(middle, sink)
    with RunningJob(job) as running:
        running.wait_for("records", lambda: world.seen >= 1000)
        running.kill(2)
        error = running.await_error()

    assert control.TaskError.KIND_NONDETERMINISM == error.kind
    assert "flat_map#2" == error.operator


def at_least_once(directory):
    return chances(directory, mode="at_least_once")


def test_in_mode_at_least_once_each_record_counts_once_if_nothing_fails(tmp_path, world):
    world.allowed = 0
    with RunningJob(at_least_once(tmp_path)) as running:
        allow(running, world, 1000)
        running.checkpoint(*SOURCES)
        allow(running, world, 2000)
        running.checkpoint(*SOURCES)
        world.allowed = END
        running.await_end()

    assert {1, 2, FINAL} == {int(name.split("/")[1]) for name in world.committed}
    assert_whole(world)


@pytest.mark.parametrize("checkpoints", [0, 1, 2])
def test_in_mode_at_least_once_no_record_is_lost_when_all_tasks_are_rolled_back(tmp_path, world, checkpoints):
    world.allowed = 0
    with RunningJob(at_least_once(tmp_path)) as running:
        for number in range(checkpoints):
            allow(running, world, 500 * (number + 1))
            running.checkpoint(*SOURCES)
        allow(running, world, 1500)
        running.kill(1, 2, 3, 4, 5)
        world.allowed = END
        running.await_end()

    for sink in (0, 1):
        assert set(range(END)) == {number for number, _ in lines(world, sink)}


def test_in_mode_at_least_once_tasks_that_ended_before_the_checkpoint_send_nothing_again(tmp_path, world):
    world.allowed = 500
    job = job_of(tmp_path, mode="at_least_once")
    short = job.chain(job.operator("source", Hundred))
    long = job.chain(job.operator("source", Numbers))
    sink = job.chain(job.operator("sink", Committed))
    job.edge(short, sink)
    job.edge(long, sink)
    with RunningJob(job) as running:
        running.await_state(1, TaskState.FINISHED)
        running.checkpoint(2)
        running.kill(1, 2, 3)
        world.allowed = END
        running.await_end()

    assert 200 == len([number for number in world.of(0) if number < 100])
    assert set(range(END)) == set(world.of(0))
