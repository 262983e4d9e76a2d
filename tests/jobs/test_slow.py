"""Functions that take long for a record, as models and services do: the job moves at the pace of its records."""

import time
from pathlib import Path

import pytest

from anabranch import MapFunction, StreamingContext

from .killing import Numbered, context, workers

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


def slowly(stream, place: str):
    """A map that takes 20 ms for a record."""
    if place == "java":
        return stream.as_java_stream().map("com.acme.Functions$Model").as_python_stream()
    slow = stream.map(lambda value: time.sleep(0.02) or value)
    return slow if place == "chained" else slow.disable_chain()


@pytest.mark.local
@pytest.mark.parametrize("place", ["chained", "apart", "after another task", "java"])
def test_checkpoints_complete_although_more_waits_than_would_be_done_in_an_hour(tmp_path, acme_jar, place):
    ctx = context(tmp_path).set_parallelism(1)
    ctx.add_jar(acme_jar)
    numbers = ctx.from_collection(range(1_000_000))
    if place == "after another task":
        numbers = numbers.map(lambda value: value).disable_chain()
    slowly(numbers, place).sink(lambda _: None)
    job = ctx.submit("slow")

    assert wait_until(lambda: len(list((tmp_path / "checkpoints" / job.id).glob("chk-*/MANIFEST"))) >= 2)
    job.cancel(LONG)


@pytest.mark.local
@pytest.mark.parametrize("place", ["apart", "java"])
@pytest.mark.parametrize("victim", ["source", "count"])
def test_neighbours_of_a_saturated_task_are_let_in_after_a_failure(tmp_path, acme_jar, place, victim):
    ctx = context(tmp_path).set_parallelism(1)
    ctx.add_jar(acme_jar)
    numbers = ctx.from_collection(range(1_000_000)).with_name("source")
    counted = slowly(numbers, place).key_by(lambda value: value % 7).process(Numbered()).with_name("count")
    counted.sink(lambda _: None)
    job = ctx.submit("saturated")

    def done() -> int:
        operators = {operator.name: operator for operator in job.status().operators}
        return operators["source"].records_out if victim == "source" else operators["count"].records_in

    assert wait_until(lambda: done() > 100)
    [process] = workers("python-1" if victim == "source" else "python-3" if place == "apart" else "python-2")
    process.kill()
    process.wait(LONG)
    before = done()

    assert wait_until(lambda: done() != before and done() > 0)
    job.cancel(LONG)


@pytest.mark.local
def test_what_is_asked_of_a_clock_is_the_same_again_where_fetches_have_become_smaller(tmp_path):
    """Which records are of one fetch, and so share a time, is a matter of time itself."""
    ctx = context(tmp_path, checkpoint__interval_ms=3000).set_parallelism(1)

    class Timed(MapFunction):
        def open(self, ctx) -> None:
            self.ctx = ctx

        def map(self, value):
            time.sleep(0 if value % 2000 < 1000 else 0.001)
            return (value, self.ctx.now())

    timed = ctx.from_collection(range(10_000)).map(Timed())
    collected = timed.rebalance().map(lambda pair: pair).disable_chain().collect()
    job = ctx.submit("timed")
    for _ in range(3):
        assert wait_until(lambda: job.ended or any(o.records_out > 1000 for o in job.status().operators))
        time.sleep(1)
        for process in workers("python-1") or workers("python-standby"):
            process.kill()
            break
    job.wait(LONG)

    assert [value for value, _ in collected.get()] == list(range(10_000))
