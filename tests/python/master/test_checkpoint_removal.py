"""The checkpoints of a job that has ended are kept or removed."""

import asyncio
import threading

import pytest

from anabranch.checkpoint.store import CheckpointStore
from anabranch.config import Options
from anabranch.job import JobState
from anabranch.master.checkpoint_removal import remove_checkpoints

FINISHED, CANCELLED, FAILED = JobState.FINISHED, JobState.CANCELLED, JobState.FAILED


def end(directory, state: JobState, **options: str) -> list[str]:
    """Ends a job that has a checkpoint; returns the warnings."""
    warnings: list[str] = []
    settings = {"anabranch.checkpoint.dir": str(directory)}
    settings |= {f"anabranch.checkpoint.{name.replace('_', '-')}": value for name, value in options.items()}
    asyncio.run(remove_checkpoints(Options(settings), "job-1", state, warnings.append))
    return warnings


@pytest.mark.parametrize(
    ("on_end", "removed"),
    [("keep", set()), ("remove", {FINISHED}), ("remove-cancelled", {FINISHED, CANCELLED})],
)
@pytest.mark.parametrize("state", [FINISHED, CANCELLED, FAILED])
def test_only_the_ends_that_the_option_names_remove_checkpoints(tmp_path, on_end, removed, state):
    CheckpointStore(str(tmp_path), "job-1").write_snapshot(1, 0, b"data")

    assert [] == end(tmp_path, state, on_end=on_end)

    assert (state not in removed) == (tmp_path / "job-1").exists()


def test_what_cannot_be_removed_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(CheckpointStore, "remove_all", lambda _store: threading.Event().wait())

    (warning,) = end(tmp_path, FINISHED, on_end="remove", timeout_ms="50")

    assert "the checkpoints of job-1 could not be removed within 0.05 s" in warning
