"""A job in which records wait and none moves says so."""

from anabranch.master.stalls import StallDetector
from anabranch.v1.control_pb2 import OperatorCounters, TaskDescriptor, TaskReport

TASKS = {1: TaskDescriptor(task_id=1, name="source (1/1)"), 2: TaskDescriptor(task_id=2, name="slow (1/1)")}


def report(task: int, moved: int, **fields) -> TaskReport:
    return TaskReport(task_id=task, operators=[OperatorCounters(operator_id=task, records_in=moved)], **fields)


def stuck(moved: int = 10) -> dict[int, TaskReport]:
    return {
        1: report(1, moved, queued_output_frames=3, backpressured=True),
        2: report(2, moved, busy_ms=12_000, busy_at="job.py:7 in slow", queued_input_frames=1),
    }


def test_a_stall_is_reported_once_with_what_holds_it_up():
    detector = StallDetector(warn_after=10)

    assert detector.check(0, TASKS, stuck()) is None
    assert detector.check(9, TASKS, stuck()) is None
    warning = detector.check(11, TASKS, stuck())
    assert warning is not None
    assert "no record has moved for 11 s" in warning
    assert "slow (1/1): has been handling one batch for 12 s or more, at job.py:7 in slow" in warning
    assert "source (1/1): waits for its consumers" in warning
    assert detector.check(30, TASKS, stuck()) is None


def test_a_moving_job_is_never_reported():
    detector = StallDetector(warn_after=10)

    assert [None] * 10 == [detector.check(5.0 * turn, TASKS, stuck(turn)) for turn in range(10)]


def test_a_second_stall_is_reported_again():
    detector = StallDetector(warn_after=10)
    detector.check(0, TASKS, stuck(1))
    assert detector.check(11, TASKS, stuck(1))

    detector.check(12, TASKS, stuck(2))

    assert detector.check(23, TASKS, stuck(2))


def test_a_job_that_waits_for_input_is_no_stall():
    detector = StallDetector(warn_after=10)
    idle = {1: report(1, 5, busy_ms=60_000), 2: report(2, 5)}

    assert detector.check(0, TASKS, idle) is None
    assert detector.check(100, TASKS, idle) is None


def test_zero_switches_the_warning_off():
    detector = StallDetector(warn_after=0)
    detector.check(0, TASKS, stuck())

    assert detector.check(1000, TASKS, stuck()) is None
