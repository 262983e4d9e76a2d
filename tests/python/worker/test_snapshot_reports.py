"""How snapshots get to the master: in their order, large values by way of a file, and failures with their reason."""

import queue
import threading

import pytest

from anabranch.checkpoint import numbers
from anabranch.checkpoint.numbers import FINAL
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.checkpoint.state_file import LARGEST_INLINE, StateFiles
from anabranch.v1.control_pb2 import TaskDescriptor
from anabranch.worker import snapshot_reports
from anabranch.worker.snapshot_reports import SnapshotReports

TASK = TaskDescriptor(task_id=5, incarnation=2, name="count (1/2)")
LIMIT = 60


def snapshot_of(number, size):
    snapshot = NewSnapshot(number)
    snapshot.put(snapshot.message.operators.add(operator_id=1).engine, 1, bytes(size), [])
    return snapshot


class Reports:
    """Reports whose messages the test takes."""

    def __init__(self, files, timeout=LIMIT):
        self.sent, self.errors = queue.SimpleQueue(), queue.SimpleQueue()
        self._reports = SnapshotReports(files, timeout, self.sent.put, self.errors.put)

    def take(self, snapshot, is_wanted=lambda: True):
        self._reports.take(TASK, snapshot, is_wanted)

    def next(self):
        return self.sent.get(timeout=LIMIT)


@pytest.fixture
def files(tmp_path):
    return StateFiles(str(tmp_path), "job-1", b"key")


def test_small_values_stay_in_the_message_and_large_ones_go_into_a_file(tmp_path, files):
    reports = Reports(files)
    for number, size in ((1, LARGEST_INLINE), (2, LARGEST_INLINE + 1), (3, 0)):
        reports.take(snapshot_of(number, size))

    small, large, none = (reports.next() for _ in range(3))

    assert [taken.snapshot.number for taken in (small, large, none)] == [1, 2, 3]
    assert {(taken.task_id, taken.incarnation, taken.failure) for taken in (small, large, none)} == {(5, 2, "")}
    assert len(small.snapshot.operators[0].engine.payload) == LARGEST_INLINE
    assert not small.snapshot.state_file
    assert not large.snapshot.operators[0].engine.payload
    assert large.snapshot.state_file == "chk-2/task-5-2.state"
    assert [path.name for path in (tmp_path / "job-1").iterdir()] == ["chk-2"]
    files.verify(large.snapshot)


def test_a_file_that_cannot_be_written_is_a_failure_and_the_next_one_may_succeed(tmp_path, files):
    reports = Reports(files)
    (tmp_path / "job-1").write_text("in the way")
    reports.take(snapshot_of(1, 1 << 20))
    failed = reports.next()
    (tmp_path / "job-1").unlink()
    reports.take(snapshot_of(2, 1 << 20))

    assert "count (1/2): chk-1/task-5-2.state cannot be written to" in failed.failure
    assert (failed.snapshot.number, len(failed.snapshot.operators)) == (1, 0)
    assert not reports.next().failure


def test_the_snapshot_at_the_end_is_tried_again(tmp_path, files, monkeypatch):
    monkeypatch.setattr(snapshot_reports, "DELAYS_OF_LAST", (0.0,) * len(numbers.DELAYS_OF_LAST))
    (tmp_path / "job-1").write_text("in the way")
    reports, asked = Reports(files), []

    def is_wanted():
        asked.append(1)
        if len(asked) == 3:
            (tmp_path / "job-1").unlink()
        return True

    reports.take(snapshot_of(FINAL, 1 << 20), is_wanted)

    assert not reports.next().failure


def test_a_store_that_hangs_is_given_up_after_the_timeout(files):
    may_go_on = threading.Event()

    class Hanging(StateFiles):
        def move_payloads(self, snapshot, task, incarnation):
            may_go_on.wait(LIMIT)

    reports = Reports(Hanging("nowhere", "job-1", b""), timeout=0.01)
    reports.take(snapshot_of(1, 1 << 20))

    assert "could not be written within 0.01 s (option anabranch.checkpoint.timeout-ms)" in reports.next().failure
    may_go_on.set()


def test_what_nobody_wants_any_more_is_not_written(tmp_path, files):
    reports = Reports(files)
    reports.take(snapshot_of(1, 1 << 20), lambda: False)
    reports.take(snapshot_of(2, 0))

    assert reports.next().snapshot.number == 2
    assert list(tmp_path.iterdir()) == []


def test_what_should_not_happen_is_not_kept_quiet(files):
    class Broken(StateFiles):
        def move_payloads(self, snapshot, task, incarnation):
            raise ZeroDivisionError

    reports = Reports(Broken("nowhere", "job-1", b""))
    reports.take(snapshot_of(1, 1 << 20))

    assert isinstance(reports.errors.get(timeout=LIMIT), ZeroDivisionError)
