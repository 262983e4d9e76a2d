"""What a task of a job with recovery does with barriers."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as some

from anabranch.operators.job import WorkerJob
from anabranch.replay.determinants import Piggyback
from anabranch.task.recovery import TaskRecovery
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Determinant, LogDelta


@dataclass
class Channel:
    channel: int
    ended: bool = False


CHANNELS = [Channel(1), Channel(2)]


def recovery(upstream=(), **options):
    descriptor = control.TaskDescriptor(task_id=1, restore=control.Snapshot(number=4), upstream_tasks=upstream)
    job = WorkerJob.from_setup(control.JobSetup(job_id="job", job_name="job", config=options), bytes(32))
    return TaskRecovery(descriptor, job, lambda: 0)


def test_a_barrier_is_passed_once_it_has_come_on_all_channels():
    task = recovery()

    assert task.met_barrier(5, 1)
    assert task.aligned(CHANNELS) is None
    assert task.met_barrier(5, 2)
    assert 5 == task.aligned(CHANNELS)


def test_a_later_barrier_takes_the_place_of_one_that_was_given_up():
    task = recovery()
    task.met_barrier(5, 1)

    assert task.meets_later_barrier(6)
    assert task.met_barrier(6, 2)
    assert task.aligned(CHANNELS) is None
    assert not task.meets_later_barrier(6)
    assert task.met_barrier(6, 1)
    assert 6 == task.aligned(CHANNELS)


def test_a_barrier_that_was_given_up_does_not_hold_its_channel():
    task = recovery()
    task.met_barrier(6, 1)

    assert not task.met_barrier(5, 2)
    task.met_barrier(6, 2)
    task.pass_barrier(6)
    assert not task.met_barrier(5, 2)
    assert task.aligned(CHANNELS) is None


@given(some.lists(some.tuples(some.booleans(), some.booleans()), max_size=12), some.randoms())
def test_only_checkpoints_that_all_channels_have_are_passed_each_once_and_in_order(taken, order):
    numbers = {1: [], 2: []}
    for number, on in enumerate(taken, start=5):
        for channel in CHANNELS:
            if on[channel.channel - 1]:
                numbers[channel.channel].append(number)
    task, passed, blocked = recovery(), [], set()

    while any(numbers[channel] for channel in numbers if channel not in blocked):
        channel = order.choice([each for each in numbers if numbers[each] and each not in blocked])
        number = numbers[channel].pop(0)
        if task.meets_later_barrier(number):
            blocked.clear()
        if task.met_barrier(number, channel):
            blocked.add(channel)
        aligned = task.aligned(CHANNELS)
        if aligned is not None:
            task.pass_barrier(aligned)
            passed.append(aligned)
            blocked.clear()

    assert [number for number, on in enumerate(taken, start=5) if all(on)] == passed


def test_of_what_its_consumers_hold_a_task_takes_its_own_log_and_those_upstream():
    task = recovery(upstream=[7, 8], **{"anabranch.recovery.sharing-depth": "0"})
    deltas = [LogDelta(task=number, epoch=4, entries=[Determinant(time={"ms": number})]) for number in (1, 7, 9)]

    for delta in deltas:
        task.take_log(Piggyback(), delta)

    assert [1, 7, 8] == sorted(task.wanted_logs.wanted_tasks)
    assert [1, 1, 0] == [len(task.held.log_of(number)) for number in (1, 7, 9)]
