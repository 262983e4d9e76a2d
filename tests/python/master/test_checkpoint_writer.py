"""Checkpoints whose tasks have written state files themselves."""

import asyncio

import pytest

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.numbers import FINAL
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.checkpoint.state_file import StateFiles
from anabranch.config import Options
from anabranch.derived_keys import derive_key
from anabranch.master.checkpoint_writer import CheckpointWriter

SECRET = bytes(32)


class Job:
    """The writer of a job's master, and a worker that writes state files."""

    def __init__(self, directory):
        self.directory = directory / "job-1"
        self.warnings = []
        options = Options({"anabranch.checkpoint.dir": str(directory), "anabranch.checkpoint.retained": "2"})
        self.writer = CheckpointWriter(options, "job-1", secret=SECRET, warn=self.warnings.append)
        self._files = StateFiles(str(directory), "job-1", derive_key(SECRET, "checkpoint"))

    def snapshot(self, number, task):
        """What a task reports: its state is in a file."""
        snapshot = NewSnapshot(number)
        snapshot.put(snapshot.message.operators.add(operator_id=1).engine, 1, b"state", [])
        self._files.move_payloads(snapshot, task, incarnation=0)
        return snapshot.message

    def write(self, number, parts):
        asyncio.run(self.writer.write(number, parts))

    def latest(self):
        return asyncio.run(self.writer.latest())


def flip(path):
    path.write_bytes(path.read_bytes()[:-1] + b"?")


@pytest.mark.parametrize("damage", [flip, lambda path: path.unlink()])
def test_a_checkpoint_with_a_damaged_state_file_is_skipped(tmp_path, damage):
    job = Job(tmp_path)
    for number in (1, 2):
        job.write(number, {5: job.snapshot(number, 5), 6: job.snapshot(number, 6)})
    assert job.latest().number == 2

    damage(job.directory / "chk-2" / "task-6-0.state")

    assert job.latest().number == 1
    (warning,) = job.warnings
    assert "checkpoint 2" in warning
    assert "task-6-0.state" in warning


def test_a_checkpoint_whose_state_file_is_not_there_is_not_completed(tmp_path):
    job = Job(tmp_path)
    parts = {5: job.snapshot(1, 5), 6: job.snapshot(1, 6)}
    (job.directory / "chk-1" / "task-6-0.state").unlink()

    with pytest.raises(CheckpointError, match=r"chk-1/task-6-0\.state .* is missing"):
        job.write(1, parts)

    assert job.latest() is None


def test_state_files_of_a_checkpoint_that_was_never_written_are_no_reason_for_a_warning(tmp_path):
    job = Job(tmp_path)
    job.write(1, {5: job.snapshot(1, 5)})
    job.snapshot(2, 5)
    job.snapshot(FINAL, 6)

    assert job.latest().number == 1
    assert job.warnings == []


def test_the_state_of_a_task_that_has_ended_is_kept_for_all_later_checkpoints(tmp_path):
    job = Job(tmp_path)
    ended = job.snapshot(FINAL, 5)

    for number in range(1, 5):
        job.write(number, {5: ended, 6: job.snapshot(number, 6)})

    assert job.latest().number == 4
    assert {path.name for path in job.directory.iterdir()} == {"chk-3", "chk-4", f"chk-{FINAL}"}
