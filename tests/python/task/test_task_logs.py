"""What a task takes of the logs that its consumers hold, and what it repeats by them."""

from anabranch.operators.job import WorkerJob
from anabranch.replay.determinants import Piggyback
from anabranch.task.task_logs import TaskLogs
from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Determinant, LogDelta


def logs_of(upstream=(), **options):
    descriptor = control.TaskDescriptor(task_id=1, restore=control.Snapshot(number=4), upstream_tasks=upstream)
    job = WorkerJob.from_setup(control.JobSetup(job_id="job", job_name="job", config=options), bytes(32))
    return TaskLogs(descriptor, job)


def test_of_what_its_consumers_hold_a_task_takes_its_own_log_and_those_upstream():
    task = logs_of(upstream=[7, 8], **{"anabranch.recovery.sharing-depth": "0"})
    deltas = [LogDelta(task=number, epoch=4, entries=[Determinant(time={"ms": number})]) for number in (1, 7, 9)]

    for delta in deltas:
        task.take(Piggyback(), delta)

    assert [1, 7, 8] == sorted(task.wanted.wanted_tasks)
    assert [1, 1, 0] == [len(task.held.log_of(number)) for number in (1, 7, 9)]
