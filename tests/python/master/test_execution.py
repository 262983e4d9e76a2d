"""What a master knows of the tasks of its job."""

import pytest

from anabranch.master.execution import Executions, FailedRecord
from anabranch.master.worker import Worker
from anabranch.plan import WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as pb

SOURCE, SINK = 1, 2


def make_executions() -> Executions:
    """Makes a source and a sink, which one worker has."""
    source = control.TaskDescriptor(task_id=SOURCE, name="source (1/1)")
    source.outputs.add().channels.add(channel=1, peer_task=SINK)
    sink = control.TaskDescriptor(task_id=SINK, name="sink (1/1)")
    worker = Worker(WorkerPlan("python-1", pb.LANGUAGE_PYTHON, (SOURCE, SINK)))
    return Executions([source, sink], {SOURCE: worker, SINK: worker})


def test_a_task_knows_its_consumers():
    assert make_executions().consumers == {SOURCE: {SINK}, SINK: frozenset()}


def test_a_new_incarnation_has_nothing_of_the_one_before_it_but_its_snapshot():
    task = make_executions()[SOURCE]
    task.state, task.connected = control.TASK_STATE_RUNNING, True
    task.endpoint, task.report = control.Endpoint(tcp_port=7), control.TaskReport(busy_ms=1)

    task.begin_again(control.Snapshot(number=3))

    assert not task.is_current(0)
    assert task.is_current(1)
    assert task.descriptor.restore.number == 3
    assert task.state == control.TASK_STATE_UNSPECIFIED
    assert (task.endpoint, task.report, task.connected) == (None, None, False)
    assert task.recovering
    assert task.moved


def test_a_new_incarnation_without_a_checkpoint_knows_that_there_was_one_before_it():
    task = make_executions()[SOURCE]

    task.begin_again(control.Snapshot())

    assert task.descriptor.HasField("restore")


def test_what_failed_before_is_known_across_incarnations():
    task = make_executions()[SOURCE]
    task.failed_at = FailedRecord("map", "'a'", 7, checkpoint=1)

    task.begin_again(control.Snapshot())

    assert task.failed_at is not None


@pytest.mark.parametrize(
    ("record", "is_again"),
    [
        (FailedRecord("map", "'a'", 7, checkpoint=2), True),  # where it was
        (FailedRecord("map", "'a'", 9, checkpoint=1), True),  # it came in another order
        (FailedRecord("map", "'a'", 9, checkpoint=2), False),  # may be another that looks the same
        (FailedRecord("map", "'b'", 7, checkpoint=1), False),
        (FailedRecord("reduce", "'a'", 7, checkpoint=1), False),
        (FailedRecord("map", "", 7, checkpoint=1), False),  # in open or close
    ],
)
def test_a_record_that_fails_once_more_is_known_again(record, is_again):
    before = FailedRecord("map", record.record and "'a'", 7, checkpoint=1)

    assert record.is_again(before) is is_again
    assert not record.is_again(None)


def test_a_task_gets_on_if_its_counters_grow_or_it_is_busy_or_waits_for_its_consumers():
    task = make_executions()[SOURCE]
    task.report = control.TaskReport(operators=[control.OperatorCounters(records_in=1)])
    more = control.TaskReport(operators=[control.OperatorCounters(records_in=2)])

    assert not task.gets_on(task.report)
    assert task.gets_on(more)
    assert task.gets_on(control.TaskReport(operators=task.report.operators, busy_ms=10))
    assert task.gets_on(control.TaskReport(operators=task.report.operators, backpressured=True))


def test_a_job_runs_once_all_of_its_tasks_do_or_have_finished():
    tasks = make_executions()
    tasks[SOURCE].state = control.TASK_STATE_FINISHED
    assert not tasks.all_run

    tasks[SINK].state = control.TASK_STATE_RUNNING
    assert tasks.all_run
    assert not tasks.all_finished

    tasks[SINK].state = control.TASK_STATE_FINISHED
    assert tasks.all_finished


def test_tasks_are_recovering_until_they_are_live():
    tasks = make_executions()
    assert tasks.recovering == set()

    tasks[SINK].begin_again(control.Snapshot())

    assert tasks.recovering == {SINK}
    assert tasks.reports == {}
    assert tasks.names([SINK, SOURCE]) == "sink (1/1), source (1/1)"
