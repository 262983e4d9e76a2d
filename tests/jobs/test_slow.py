"""Functions that take long for a record, as models and services do: the job moves at the pace of its records."""

import time
from pathlib import Path

import pytest

from anabranch import JobFailedError, MapFunction, StreamingContext

LONG = 90  # seconds; all is well within two or three


def wait_until(condition, seconds: float = LONG) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


class Slow(MapFunction):
    """Takes 0.2 s for a record, and waits at the second one for a file."""

    def __init__(self, awaited: Path | None = None, closed: Path | None = None) -> None:
        self.awaited, self.closed = awaited, closed

    def map(self, value):
        time.sleep(0.2)
        if value == 1 and self.awaited is not None and not wait_until(self.awaited.exists):
            raise TimeoutError(f"{self.awaited} was never made")
        return value

    def close(self) -> None:
        if self.closed is not None:
            self.closed.touch()


@pytest.mark.parametrize("chained", [True, False])
def test_a_result_reaches_the_sink_before_the_next_record_is_done(tmp_path, chained):
    seen = tmp_path / "seen"
    ctx = StreamingContext.Builder().build()
    slow = ctx.from_collection(range(10)).map(Slow(awaited=seen))
    (slow if chained else slow.disable_chain().rebalance()).sink(lambda _: seen.touch())

    ctx.execute("first")


def test_counters_move_with_each_record(tmp_path):
    told = tmp_path / "told"
    ctx = StreamingContext.Builder().build()
    ctx.from_collection(range(3)).map(Slow(awaited=told)).with_name("slow").sink(lambda _: None)
    job = ctx.submit("counts")

    assert wait_until(lambda: any(o.name == "slow" and o.records_out for o in job.status().operators))
    told.touch()
    job.wait(LONG)


@pytest.mark.parametrize("chained", [True, False])
def test_a_cancelled_task_closes_its_function_after_the_record_at_hand(tmp_path, chained):
    seen, closed = tmp_path / "seen", tmp_path / "closed"
    ctx = StreamingContext.Builder().option("anabranch.cancel.timeout-ms", 60_000).build()
    slow = ctx.from_collection(range(100_000)).map(Slow(closed=closed))
    (slow if chained else slow.disable_chain()).sink(lambda _: seen.touch())
    job = ctx.submit("cancelled")
    assert wait_until(seen.exists)

    job.cancel(LONG)

    assert closed.exists()


class NeverClosed(MapFunction):
    def map(self, value):
        if value == 100:
            raise ValueError("bad record")
        return value

    def close(self) -> None:
        time.sleep(10 * LONG)


def test_a_close_that_hangs_does_not_hide_the_failure():
    ctx = StreamingContext.Builder().build()
    ctx.from_collection(range(1000)).map(NeverClosed()).disable_chain().sink(lambda _: None)

    with pytest.raises(JobFailedError, match="bad record"):
        ctx.submit("hangs").wait(LONG)
