"""What a task logs, and how a new incarnation follows the log."""

import pytest

from anabranch.operators.job import WorkerJob
from anabranch.replay.errors import NondeterminismError
from anabranch.task.recorder import Recorder
from anabranch.task.replayer import Replayer
from anabranch.task.task_logs import TaskLogs
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Determinant, LogDelta

TASK = 1
JOB = WorkerJob.from_setup(control.JobSetup(job_id="job", job_name="job"), bytes(32))


def logs():
    return TaskLogs(control.TaskDescriptor(task_id=TASK), JOB)


def logged(kept):
    """What was logged, by the way of a channel to which everything is due."""
    return [entry for delta in kept.channel().deltas()[0] for entry in delta.entries]


def order(channel, records, emitted=0):
    return Determinant(order=Determinant.Order(channel=channel, records=records, emitted=emitted))


def fetches(number):
    return Determinant(source_read=Determinant.SourceRead(fetches=number))


def time(ms):
    return Determinant(time=Determinant.Time(ms=ms))


def checkpoint(number):
    return Determinant(checkpoint=Determinant.Checkpoint(number=number))


def replaying(*entries, later=()):
    """A recorder that follows these entries, and `later` those of the next epoch; and its logs."""
    kept = logs()
    kept.held.merge(LogDelta(task=TASK, entries=entries))
    kept.held.merge(LogDelta(task=TASK, epoch=1, entries=later))
    made = Recorder(kept, keeps=True)
    made.replayer = Replayer("task 1", TASK, kept)
    return made, kept


def test_inputs_are_logged_with_what_was_emitted_before_them():
    kept = logs()
    made = Recorder(kept, keeps=True)

    made.input(7, 100, 0)
    made.input(8, 0, 100)

    assert [order(7, 100), order(8, 0, 100)] == logged(kept)


def test_fetches_are_logged_with_the_entry_after_them():
    kept = logs()
    made = Recorder(kept, keeps=True)

    for _ in range(3):
        made.fetched()
    assert [] == logged(kept)
    made.checkpoint(5)
    made.checkpoint(6)

    assert [fetches(3), checkpoint(5), checkpoint(6)] == logged(kept)


def test_without_consumers_nothing_is_logged():
    kept = logs()
    made = Recorder(kept, keeps=False)

    made.input(7, 100, 0)
    made.fetched()
    made.append(time(1))

    assert [] == logged(kept)


def test_what_is_done_again_goes_into_the_new_log():
    entries = [order(7, 100), time(5), fetches(2), checkpoint(9)]
    made, kept = replaying(*entries)

    made.input(7, 100, 0)
    assert time(5) == made.replayed("time")
    made.fetched()
    made.fetched()
    made.fetched_again()
    made.checkpoint(9)

    assert made.replayer.over
    assert made.replayer.next() is None
    assert made.replayed("time") is None
    assert entries == logged(kept)


def test_a_task_that_emits_another_number_of_records_than_before_has_diverged():
    made, _ = replaying(order(7, 100, emitted=50))

    with pytest.raises(NondeterminismError, match="it with 51 records emitted"):
        made.input(7, 100, 51)


def test_a_question_that_was_not_asked_before_the_failure_has_diverged():
    made, _ = replaying(order(7, 100))

    assert not made.replayer.answers_next
    with pytest.raises(NondeterminismError, match="time"):
        made.replayed("time")


def test_an_epoch_whose_log_is_used_up_is_left_by_a_barrier_only():
    made, _ = replaying(order(7, 1), later=[order(7, 2)])

    made.input(7, 1, 0)
    with pytest.raises(NondeterminismError, match="a barrier"):
        made.replayer.next()
    made.enter_epoch(1)
    assert order(7, 2) == made.replayer.next()
