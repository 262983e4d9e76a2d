"""What the command line says about jobs."""

import time

import pytest

from anabranch.cli.job_text import described, duration, listed
from anabranch.v1 import gateway_pb2 as gateway


def job(name: str = "count", **fields) -> gateway.JobStatus:
    now = int(time.time() * 1000)
    made = gateway.JobStatus(
        job_id=f"{name}-1",
        job_name=name,
        state=gateway.JOB_STATE_RUNNING,
        started_ms=now - 90_000,
        last_checkpoint=gateway.CompletedCheckpoint(number=12, completed_ms=now - 65_000, duration_ms=1500),
        pending_checkpoint=gateway.PendingCheckpoint(number=13, began_ms=now - 61_000, waits_for=["map-2 (1/2)"]),
        failed_checkpoints=2,
        recoveries=3,
    )
    made.MergeFrom(gateway.JobStatus(**fields))
    return made


def test_checkpoints_and_recoveries_are_said():
    text = described(job())

    assert "last checkpoint: 12, 1m 5s ago, took 1.5s" in text
    assert "pending checkpoint: 13, begun 1m 1s ago, waits for map-2 (1/2)" in text
    assert "failed checkpoints since the last one: 2" in text
    assert "recoveries: 3" in text


def test_the_records_of_several_operators_are_summed_up():
    source = gateway.OperatorStatus(name="source-1", records_out=5, parallelism=1)
    sink = gateway.OperatorStatus(name="sink-2", records_in=4, parallelism=1)

    assert "\n  all 2 operators: 4 in, 5 out\n" in described(job(operators=[source, sink]))
    assert "operators:" not in described(gateway.JobStatus(operators=[source]))


def test_the_checkpoint_at_the_end_has_a_name():
    text = described(gateway.JobStatus(last_checkpoint=gateway.CompletedCheckpoint(at_end=True, completed_ms=1)))

    assert "last checkpoint: the checkpoint at the end, " in text


def test_a_checkpoint_that_waits_for_no_task_is_being_written():
    text = described(gateway.JobStatus(pending_checkpoint=gateway.PendingCheckpoint(at_end=True)))

    assert "pending checkpoint: the checkpoint at the end, begun" in text
    assert text.endswith("is being written")


def test_a_job_without_checkpoints_says_nothing_about_them():
    assert "checkpoint" not in described(gateway.JobStatus(job_id="a"))


def test_a_list_tells_when_each_job_was_started_how_long_it_has_run_and_its_name():
    ended = job("short", state=gateway.JOB_STATE_FINISHED)
    ended.ended_ms = ended.started_ms + 3_700_000

    first, second = listed([job("a longer name"), ended])

    assert first.startswith("a longer name-1  RUNNING  ")
    assert "  1m 30s  a longer name" in first
    assert second.startswith("short-1  FINISHED  ")
    assert second.endswith("  1h 1m  short")
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ended.started_ms / 1000))
    assert first.index(started) == second.index(started)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (59.94, "59.9s"), (60, "1m 0s"), (3599, "59m 59s"), (3600, "1h 0m"), (90_000, "1d 1h")],
)
def test_a_duration_has_two_units(seconds, text):
    assert duration(seconds) == text
