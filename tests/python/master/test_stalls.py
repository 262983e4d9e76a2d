"""A job in which records wait and none moves says so."""

from anabranch.master.stalls import LateCheckpoints, StallDetector, awaited
from anabranch.v1.control_pb2 import InputEdge, OperatorCounters, TaskDescriptor, TaskReport

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


def following(task: int, name: str, *producers: int) -> TaskDescriptor:
    made = TaskDescriptor(task_id=task, name=name)
    for producer in producers:
        made.inputs.append(InputEdge())
        made.inputs[-1].channels.add(peer_task=producer)
    return made


ROW = {1: following(1, "source"), 2: following(2, "slow", 1), 3: following(3, "sink", 2)}


def test_a_late_checkpoint_names_the_task_that_it_waits_for_and_not_those_after_it():
    late = LateCheckpoints(warn_after=30)

    assert late.check(129, 7, 100, {2, 3}, tasks=ROW, reports={}) is None
    warning = late.check(131, 7, 100, {2, 3}, tasks=ROW, reports={})

    assert warning is not None
    assert "no checkpoint for 31 s: checkpoint 7 waits for slow, which" in warning


def test_a_late_checkpoint_is_reported_ever_more_rarely_and_the_next_one_anew():
    late = LateCheckpoints(warn_after=30)
    reported = [now for now in range(400) if late.check(now, 7, 0, {3}, tasks=ROW, reports={})]

    assert [30, 60, 120, 240] == reported
    assert late.check(500, 8, 460, {1, 2, 3}, tasks=ROW, reports={}) is not None


def test_a_checkpoint_waits_for_the_slow_task_and_not_for_those_that_it_holds_up():
    reports = {1: TaskReport(task_id=1, backpressured=True), 2: TaskReport(task_id=2)}

    assert ["slow"] == awaited({1, 2, 3}, ROW, reports)
    assert ["source"] == awaited({1, 2}, ROW, {1: reports[1], 2: TaskReport(task_id=2, backpressured=True)})
    assert [] == awaited(set(), ROW, reports)


def test_nothing_is_late_where_no_checkpoint_is_pending():
    assert LateCheckpoints(warn_after=30).check(1000, None, 0, set(), tasks=ROW, reports={}) is None
