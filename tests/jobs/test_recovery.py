"""Workers are killed while a job runs: its whole result is that of a run without failure."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anabranch import (
    AnabranchError,
    EndOfData,
    FileSink,
    IdempotentSinkFunction,
    JobFailedError,
    JoinFunction,
    MapFunction,
    PartitionFunction,
    ProcessFunction,
    SourceFunction,
    StreamingContext,
)
from anabranch.checkpoint.numbers import checkpoint_name
from anabranch.checkpoint.store import CheckpointStore
from anabranch.launch.local import LocalLauncher
from anabranch.master import checkpoint_writer
from anabranch.v1 import control_pb2 as control

from .killing import Numbered, Slowly, assert_numbered_once, context, kill_some, workers

pytestmark = pytest.mark.local

LANGUAGES = ["python", "java"]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("seed", range(2))
def test_killed_workers_leave_no_trace_in_the_result(tmp_path, seed, depth):
    rng = random.Random(seed)
    ctx = context(tmp_path, recovery__sharing_depth=depth)
    numbers = ctx.source(Slowly(60_000)).rebalance().map(lambda x: x).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    assert kill_some(job, rng, ["python"] * 4) >= 1

    assert_numbered_once(collected.get(90), list(range(60_000)), 7)


def test_neighbours_that_die_at_once_leave_no_trace(tmp_path):
    ctx = context(tmp_path)
    numbers = ctx.source(Slowly(60_000)).rebalance().map(lambda x: x).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(3), ["python"] * 2, at_once=3) >= 1

    assert_numbered_once(collected.get(90), list(range(60_000)), 7)


def test_a_job_tells_of_its_checkpoints_and_recoveries(tmp_path):
    ctx = context(tmp_path)
    ctx.source(Slowly(60_000)).rebalance().map(lambda x: x).sink(lambda x: None)
    job = ctx.submit("watched")
    seen = {}
    while not job.ended and not (seen.get("last") and seen.get("pending")):
        status = job.status()
        seen["last"] = seen.get("last") or status.last_checkpoint
        seen["pending"] = seen.get("pending") or status.pending_checkpoint
    assert job.status().recoveries == 0

    kill_some(job, random.Random(3), ["python-1"], pause=0)
    end = job.wait(90)

    assert seen["last"].number >= 1
    assert 0 <= seen["last"].duration < 60
    assert 0 <= seen["last"].age < 90
    assert seen["pending"].number >= 1
    assert all(" (" in task for task in seen["pending"].waits_for)
    assert end.recoveries == 1
    assert end.failed_checkpoints == 0
    assert end.pending_checkpoint is None
    assert end.last_checkpoint is not None
    assert end.last_checkpoint.number is None


def test_a_checkpoint_that_waits_says_for_which_task(tmp_path):
    ctx = context(tmp_path).set_parallelism(1)
    held = tmp_path / "held"
    held.touch()

    def hold(value: int) -> int:
        while held.exists():
            time.sleep(0.01)
        return value

    ctx.source(Slowly(1000)).disable_chain().map(hold).with_name("holds").disable_chain().sink(lambda x: None)
    job = ctx.submit("waits")
    try:
        waits_for: tuple[str, ...] = ()
        while waits_for != ("holds (1/1)",):
            assert not job.ended
            time.sleep(0.01)
            pending = job.status().pending_checkpoint
            waits_for = pending.waits_for if pending is not None else ()
    finally:
        held.unlink()

    assert job.wait(90).recoveries == 0


def test_a_file_sink_has_every_record_once(tmp_path):
    ctx = context(tmp_path)
    ctx.source(Slowly(40_000)).rebalance().map(lambda x: x).sink(FileSink(tmp_path / "out"))
    job = ctx.submit("files")

    assert kill_some(job, random.Random(1), ["python"] * 3) >= 1
    job.wait(60)

    files = list((tmp_path / "out").iterdir())
    assert not [file for file in files if file.name.startswith(".")]
    assert len(files) > 4
    assert sorted(int(line) for file in files for line in file.read_text().split()) == list(range(40_000))


def test_files_may_be_taken_away_while_the_sink_dies(tmp_path):
    ctx = context(tmp_path)
    numbers = ctx.source(Slowly(40_000)).rebalance().map(lambda x: x).disable_chain()
    numbers.sink(FileSink(tmp_path / "out"))
    numbers.sink(FileSink(tmp_path / "out"))  # it may share the directory
    job = ctx.submit("taken")
    taken: list[int] = []

    def take() -> None:
        for file in (tmp_path / "out").glob("part-*"):
            taken.extend(int(line) for line in file.read_text().split())
            file.unlink()

    while not job.ended:
        take()
        if len(taken) > 4000 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            for victim in [*workers("python-5"), *workers("python-7")]:
                victim.kill()
        time.sleep(0.01)
    job.wait(60)
    take()

    assert sorted([*range(40_000)] * 2) == sorted(taken)
    assert not list((tmp_path / "out").iterdir())


def test_a_file_sink_without_checkpoints(tmp_path):
    ctx = StreamingContext.Builder().build().set_parallelism(2)
    ctx.from_collection(range(1000)).sink(FileSink(tmp_path / "out", to_line=lambda x: f"<{x}>"))

    ctx.execute("files")

    lines = [line for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert sorted(lines) == sorted(f"<{x}>" for x in range(1000))


def test_a_source_that_cannot_go_on_is_named_at_submit(tmp_path, capsys):
    class Forgetful(SourceFunction):
        def init(self, parallelism, index) -> None:
            pass

        def fetch(self, ctx) -> None:
            raise EndOfData

    ctx = context(tmp_path)
    ctx.source(Forgetful()).with_name("forgetful").sink(print)

    ctx.execute("weak")

    assert "job weak: source forgetful saves no position (save_checkpoint)" in capsys.readouterr().err


def test_the_standby_may_die_too(tmp_path):
    ctx = context(tmp_path)
    numbers = ctx.source(Slowly(60_000)).rebalance().map(lambda x: x).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    kill_some(job, random.Random(8), ["standby", "python-1", "standby", "standby", "python-4"])

    assert_numbered_once(collected.get(90), list(range(60_000)), 7)


def test_the_last_checkpoint_can_be_torn_or_gone(tmp_path, monkeypatch):
    """Nobody reads it while the job's own master lives, but another one would: it has to find the one before."""
    monkeypatch.setattr(checkpoint_writer, "derive_key", lambda _secret, _purpose: b"key")
    ctx = context(tmp_path)
    ctx.source(Slowly(20_000)).sink(FileSink(tmp_path / "out"))
    job = ctx.submit("torn")
    job.wait(60)
    store = CheckpointStore(str(tmp_path / "checkpoints"), job.id, key=b"key", warn=(warnings := []).append)
    newest = store.latest()
    assert newest is not None
    snapshot = next((tmp_path / "checkpoints" / job.id / f"chk-{newest.number}").glob("*.snapshot"))

    snapshot.write_bytes(snapshot.read_bytes()[:-1])

    older = store.latest()
    assert older is not None
    assert older.number < newest.number
    assert checkpoint_name(newest.number) in warnings[0]


def test_a_worker_that_hangs_is_replaced_and_has_no_effect_when_it_wakes_up(tmp_path):
    ctx = context(tmp_path, heartbeat__timeout_ms=1500)
    numbers = ctx.source(Slowly(60_000)).rebalance().map(lambda x: x).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("hangs")
    while job.status().state.name != "RUNNING":
        time.sleep(0.01)
    time.sleep(0.5)

    victim = next(process for process in workers("python-3"))
    os.kill(victim.pid, signal.SIGSTOP)

    assert_numbered_once(collected.get(90), list(range(60_000)), 7)


def test_a_clock_that_is_read_behind_the_back_of_the_engine_is_caught(tmp_path, capfd):
    ctx = context(tmp_path, checkpoint__interval_ms=100_000)
    numbers = ctx.source(Slowly(40_000)).set_parallelism(1)
    sometimes = numbers.disable_chain().filter(lambda x: time.time_ns() // 1000 % 3 == 0).disable_chain()
    sometimes.with_name("reads the clock").rebalance().map(lambda x: x).disable_chain().sink(lambda x: None)
    job = ctx.submit("clock")

    kill_some(job, random.Random(2), ["python-2"], pause=0.5)

    job.wait(60)
    err = capfd.readouterr().err
    assert "replay of reads the clock (1/1) diverged from its log at entry" in err
    assert "rolling back the whole job to the start" in err


def test_declared_answers_are_the_same_again(tmp_path):
    class Asks(ProcessFunction):
        def open(self, ctx) -> None:
            self.ctx = ctx

        def process(self, value, ctx, collector) -> None:
            answers = (self.ctx.now(), self.ctx.random().random(), self.ctx.nondeterministic(time.perf_counter))
            collector.collect((value, answers))
            collector.collect((value, answers))

    ctx = context(tmp_path)
    asked = ctx.source(Slowly(30_000)).rebalance().process(Asks()).disable_chain()
    # Both halves of a pair go through other tasks, of which some die: they must still be equal.
    collected = asked.rebalance().map(lambda x: x).disable_chain().collect()
    job = ctx.submit("asks")

    assert kill_some(job, random.Random(4), ["python"] * 3) >= 1

    pairs = Counter(collected.get(90))
    assert set(pairs.values()) == {2}
    assert sorted(value for value, _ in pairs) == list(range(30_000))


class AsksWhenItIsRestored(ProcessFunction):
    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def open(self, ctx) -> None:
        self.ctx = ctx
        (self.directory / f"{os.getpid()}.pid").touch()
        ctx.now(), ctx.random().random(), ctx.nondeterministic(time.perf_counter)

    def process(self, value, ctx, collector) -> None:
        collector.collect((value, (self.ctx.now(), self.ctx.random().random())))

    def save_checkpoint(self) -> int:
        return self.ctx.now()

    def load_checkpoint(self, saved: int) -> None:
        self.open(self.ctx)
        (self.directory / "loaded").touch()


def test_a_function_may_ask_while_it_is_saved_and_restored(tmp_path, capfd):
    ctx = context(tmp_path)
    asked = ctx.source(Slowly(60_000)).rebalance().process(AsksWhenItIsRestored(tmp_path)).disable_chain()
    once = asked.map(lambda x: x).disable_chain()
    collected = asked.rebalance().map(lambda x: x).disable_chain().union(once).collect()
    job = ctx.submit("asks")
    wait_until(lambda: list((tmp_path / "checkpoints").glob("*/chk-*")))
    for asking in tmp_path.glob("*.pid"):
        time.sleep(0.3)
        if not job.ended:
            os.kill(int(asking.stem), signal.SIGKILL)

    pairs = Counter(collected.get(90))
    assert set(pairs.values()) == {2}
    assert (tmp_path / "loaded").exists()
    assert "diverged from its log" not in capfd.readouterr().err


class Deal(PartitionFunction):
    """Deals records out in turn, and counts them itself."""

    def open(self, ctx) -> None:
        self.dealt = 0
        self.subtask = ctx.task_index

    def partition(self, record, n):
        self.dealt += 1
        return (i for i in [(self.subtask + self.dealt) % n])

    def save_checkpoint(self) -> int:
        return self.dealt

    def load_checkpoint(self, saved: int) -> None:
        self.dealt = saved


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_partition_function_that_counts_goes_on_where_it_was(acme_jar, tmp_path, capfd, language):
    ctx = context(tmp_path, java__tasks_per_worker=1).add_jar(acme_jar)
    numbers = ctx.source(Slowly(40_000)).set_parallelism(1)
    if language == "python":
        dealt = numbers.map(lambda x: x).disable_chain().partition_by(Deal())
    else:
        same = numbers.as_java_stream().map("com.acme.Functions$Identity").disable_chain()
        dealt = same.partition_by("com.acme.Stateful$Deal").as_python_stream()
    collected = dealt.map(lambda x: x).set_parallelism(2).collect()
    job = ctx.submit("deals")
    wait_until(lambda: list((tmp_path / "checkpoints").glob("*/chk-*")))

    assert kill_some(job, random.Random(7), ["python-2" if language == "python" else "java"] * 2, pause=0.5) >= 1

    assert sorted(collected.get(90)) == list(range(40_000))
    assert "diverged from its log" not in capfd.readouterr().err


def wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once"])
def test_a_join_may_ask_at_the_end_of_its_input(tmp_path, capfd, mode):
    class Alone(JoinFunction):
        def open(self, ctx) -> None:
            self.ctx = ctx

        def join(self, left, right):
            (tmp_path / "finishing").touch()
            time.sleep(0.001)
            return left, self.ctx.now()

    ctx = context(tmp_path, mode=mode)
    left = ctx.from_collection(range(4000)).set_parallelism(1)
    right = ctx.from_collection([]).set_parallelism(1)
    joined = left.join(right, retention=timedelta(hours=1), how="left").where(lambda x: x).equal_to(lambda x: x)
    collected = joined.with_function(Alone()).set_parallelism(1).disable_chain().map(lambda x: x).collect()
    ctx.submit("alone")
    wait_until((tmp_path / "finishing").exists)

    time.sleep(2)  # long enough for some of it to have been handed on
    for victim in workers("python-3"):
        victim.kill()

    assert sorted(value for value, _ in collected.get(90)) == list(range(4000))
    assert "diverged from its log" not in capfd.readouterr().err


def test_a_task_that_dies_again_and_again_fails_the_job(tmp_path):
    ctx = context(tmp_path, recovery__attempts=2, checkpoint__interval_ms=100_000)
    ctx.source(Slowly(10_000)).rebalance().map(lambda x: os._exit(7) if x == 5000 else x).sink(lambda x: None)

    with pytest.raises(JobFailedError, match=r"(?s)exited with code 7.*Gave up: "):
        ctx.execute("dies")


def test_a_task_is_restarted_after_an_error_that_does_not_come_again(tmp_path):
    flag = tmp_path / "failed"

    def fails_once(x):
        if x == 9000 and not flag.exists():
            flag.touch()
            raise ConnectionError("not now")
        return x

    ctx = context(tmp_path, restart__attempts=3, restart__delay_ms=100)
    numbers = ctx.source(Slowly(20_000)).rebalance().map(fails_once).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).process(Numbered()).collect()

    ctx.execute("restarts")

    assert flag.exists()
    assert_numbered_once(collected.get(), list(range(20_000)), 7)


def test_a_record_that_fails_twice_is_called_by_its_name(tmp_path):
    ctx = context(tmp_path, restart__attempts=5, restart__delay_ms=100)
    numbers = ctx.source(Slowly(20_000)).rebalance()
    numbers.map(lambda x: 1 // (x - 9000)).with_name("divides").sink(lambda x: None)

    with pytest.raises(
        JobFailedError, match=r"(?s)'divides' failed.*9000.*The same record failed again after a restart"
    ):
        ctx.execute("poison")


class Upserts(IdempotentSinkFunction):
    """Appends what it is told to a file; which record is written last under an id is what counts."""

    def __init__(self, file: Path) -> None:
        self.path = file

    def open(self, ctx) -> None:
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def sink(self, record_id, value) -> None:
        os.write(self.file, f"{record_id} {value}\n".encode())

    def close(self) -> None:
        os.close(self.file)


def upserts(directory: Path, kinds: list[str], **options: Any) -> list[list[str]]:
    """Returns the ids and records, in order, that the sink is told while workers of these kinds are killed."""
    out = directory / "out"

    def told() -> list[list[str]]:
        return [line.split() for line in out.read_text().splitlines()] if out.exists() else []

    ctx = context(directory, **options)
    ctx.source(Slowly(40_000)).rebalance().map(lambda x: x).sink(Upserts(out))
    job = ctx.submit("upserts")
    while len({record_id.split("/")[1] for record_id, _ in told()}) < 2:  # tasks of the sink
        assert not job.ended
        time.sleep(0.01)
    assert kill_some(job, random.Random(6), kinds) >= 1
    job.wait(60)
    return told()


def test_an_idempotent_sink_is_told_the_same_identity_again(tmp_path):
    # No checkpoint completes: what the sink had been told when it was killed comes again.
    told = upserts(tmp_path, ["python-6"], checkpoint__interval_ms=60_000)  # a sink

    records = {(record_id, value) for record_id, value in told}
    assert len(told) > len(records)  # some came again
    assert sorted(int(value) for _, value in records) == list(range(40_000))
    assert len(dict(told)) == len(records)


def test_the_last_record_of_an_identity_counts_whatever_dies(tmp_path):
    told = upserts(tmp_path, ["python-5", "python-6", "python"])

    assert sorted(int(value) for value in dict(told).values()) == list(range(40_000))


def test_a_place_that_cannot_be_written_to_fails_the_job_before_it_begins(tmp_path):
    (tmp_path / "file").write_text("")
    ctx = StreamingContext.Builder().option("anabranch.checkpoint.dir", str(tmp_path / "file")).build()
    ctx.from_values(1).sink(print)

    with pytest.raises(JobFailedError, match="file"):
        ctx.execute("nowhere")


VERBS = {
    "map": (lambda x: 3 * x + 1, "com.acme.Functions$TripleAndOne", lambda values: [3 * x + 1 for x in values]),
    "filter": (lambda x: x % 2 != 0, "com.acme.Functions$IsOdd", lambda values: [x for x in values if x % 2 != 0]),
    "flat_map": (
        lambda x: [x + i for i in range(x % 3)],
        "com.acme.Functions$Repeat",
        lambda values: [x + i for x in values for i in range(x % 3)],
    ),
}


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([*VERBS]), st.sampled_from(LANGUAGES), st.integers(1, 3), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    branches=st.booleans(),
    kills=st.lists(st.integers(1, 2), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)
def test_any_graph_with_any_kills_gives_what_a_plain_evaluation_gives(  # noqa: PLR0917 - what hypothesis draws
    acme_jar, tmp_path_factory, steps, branches, kills, seed
):
    rng = random.Random(seed)
    directory = tmp_path_factory.mktemp("random")
    ctx = context(directory).add_jar(acme_jar)
    n = 20_000
    values = list(range(n))
    stream: Any = ctx.source(Slowly(n)).set_parallelism(rng.randint(1, 2))
    first = stream
    for verb, language, parallelism, shuffled in steps:
        function, java_class, plain = VERBS[verb]
        stream = stream.rebalance() if shuffled else stream
        if language == "java":
            stream = getattr(stream.as_java_stream(), verb)(java_class).set_parallelism(parallelism).as_python_stream()
        else:
            stream = getattr(stream, verb)(function).set_parallelism(parallelism)
        values = plain(values)
    if branches:
        stream = stream.union(first)
        values = values + list(range(n))
    stream = stream.key_by(lambda x: x % 5).process(Numbered()).set_parallelism(2)
    stream.sink(FileSink(directory / "out", to_line=repr))
    collected = stream.collect()
    job = ctx.submit("random")
    for at_once in kills:
        kill_some(job, rng, [rng.choice(LANGUAGES)], pause=0.2, at_once=at_once)

    got = collected.get(90)

    assert_numbered_once(got, values, 5)
    lines = [line for file in (directory / "out").iterdir() for line in file.read_text().splitlines()]
    assert_numbered_once([tuple(eval(line)) for line in lines], values, 5)


@pytest.mark.parametrize("tasks_per_jvm", [0, 1])
def test_killed_jvms_leave_no_trace_in_the_result(acme_jar, tmp_path, tasks_per_jvm):
    ctx = context(tmp_path, java__tasks_per_worker=tasks_per_jvm).add_jar(acme_jar)
    numbers = ctx.source(Slowly(60_000)).as_java_stream().map("com.acme.Functions$Identity").disable_chain()
    again = numbers.rebalance().map("com.acme.Functions$Identity").as_python_stream()
    collected = again.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(5), ["java"] * 3, pause=0.5) >= 1

    assert_numbered_once(collected.get(90), list(range(60_000)), 7)


RECOVERY = ["deployed", "consumers", "connected", "restored", "replaying", "live"]
PLACES = [f"recovery.{place}" for place in RECOVERY] + ["checkpoint.aligning", "checkpoint.sent", "checkpoint.passed"]
PLACES += ["end.input", "end.checkpoint", "end.finished"]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "java"])
@pytest.mark.parametrize("place", PLACES)
def test_a_worker_that_dies_at_any_step_leaves_no_trace(acme_jar, tmp_path, monkeypatch, place, language):
    """The first worker that comes to the place dies there; to have a recovery, another is killed before."""
    monkeypatch.setenv("ANABRANCH_FAULT", place)
    monkeypatch.setenv("ANABRANCH_FAULT_FILE", str(tmp_path / "reached"))
    ctx = context(tmp_path, java__tasks_per_worker=1).add_jar(acme_jar)
    if language == "java":
        source = ctx.source(Slowly(20_000)).set_parallelism(1).as_java_stream()
        numbers = source.map("com.acme.Functions$Identity").set_parallelism(2).rebalance()
        numbers = numbers.map("com.acme.Functions$Identity").as_python_stream()
    else:
        numbers = ctx.source(Slowly(20_000)).rebalance().map(lambda x: x).disable_chain()
    collected = numbers.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("faults")
    if place.startswith("recovery"):
        while job.status().state.name != "RUNNING":
            time.sleep(0.01)
        time.sleep(0.5)
        # The oldest JVM has tasks; the youngest may be the standby.
        min(workers("java" if language == "java" else "python-3"), key=psutil.Process.create_time).kill()

    assert_numbered_once(collected.get(60), list(range(20_000)), 7)
    assert (tmp_path / "reached").exists()


def slow_tail(directory: Path, mode: str, acme_jar: str, language: str) -> StreamingContext:
    """A source that ends at once, a slow map with all its records before it, and a file sink."""
    ctx = context(directory, mode=mode, checkpoint__interval_ms=100, java__tasks_per_worker=1).add_jar(acme_jar)
    numbers = ctx.from_collection(range(1500)).set_parallelism(1).disable_chain()
    if language == "java":
        slow = numbers.as_java_stream().rebalance().map("com.acme.Functions$Slow").as_python_stream()
    else:

        def slowly(x: int) -> int:
            time.sleep(0.01)
            return x

        slow = numbers.rebalance().map(slowly).disable_chain()
    slow.rebalance().sink(FileSink(directory / "out"))
    return ctx


def completed(directory: Path, job: Any) -> int:
    """The last checkpoint that was completed; 0: none."""
    found = (directory / "checkpoints" / job.id).glob("chk-*/MANIFEST")
    return max((int(path.parent.name.removeprefix("chk-")) for path in found), default=0)


@pytest.mark.parametrize("mode", ["exactly_once", "at_least_once"])
@pytest.mark.parametrize("language", ["python", "java"])
def test_checkpoints_go_on_when_all_sources_have_ended(acme_jar, tmp_path, capfd, mode, language):
    job = slow_tail(tmp_path, mode, acme_jar, language).submit("tail")
    kind = "java" if language == "java" else "python-2"

    for _ in range(2):
        before = completed(tmp_path, job)
        while completed(tmp_path, job) < before + 2:
            assert not job.ended
            time.sleep(0.01)
        min(workers(kind) or workers("python"), key=psutil.Process.create_time).kill()

    job.wait(100)
    assert "to checkpoint" in capfd.readouterr().err
    lines = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert sorted(set(lines) if mode == "at_least_once" else lines) == list(range(1500))


def test_a_users_message_does_not_roll_the_job_back(tmp_path):
    def fails(x: int) -> int:
        if x == 900:
            raise ValueError("NondeterminismError: so my own library says")
        return x

    ctx = context(tmp_path)
    ctx.source(Slowly(1000)).rebalance().map(fails).sink(lambda x: None)

    with pytest.raises(JobFailedError, match="so my own library says"):
        ctx.execute("says so")


@pytest.mark.parametrize("language", ["python", "java"])
def test_after_a_recovery_the_counters_are_those_of_a_run_without(acme_jar, tmp_path, language):
    ctx = context(tmp_path, java__tasks_per_worker=1).add_jar(acme_jar)
    numbers = ctx.source(Slowly(20_000)).set_parallelism(1).disable_chain()
    if language == "java":
        identity = "com.acme.Functions$Identity"
        mapped = numbers.as_java_stream().map(identity).map(identity).as_python_stream()
    else:
        mapped = numbers.rebalance().map(lambda x: x).map(lambda x: x)
    mapped.rebalance().sink(lambda x: None)
    job = ctx.submit("counts")
    for _ in range(2):
        before = completed(tmp_path, job)
        while completed(tmp_path, job) < before + 2:
            time.sleep(0.01)
        min(workers("java" if language == "java" else "python"), key=psutil.Process.create_time).kill()

    job.wait(100)

    counters = [(operator.records_in, operator.records_out) for operator in job.status().operators]
    assert counters == [(0, 20_000), (20_000, 20_000), (20_000, 20_000), (20_000, 0)]


def second_time(flag: Path) -> bool:
    """True in every process but the first that asks."""
    try:
        flag.touch(exist_ok=False)
    except FileExistsError:
        return True
    return False


@pytest.mark.local  # on Ray the key of the checkpoints is in another process
@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_what_a_complete_checkpoint_covers_is_committed_however_the_job_ends_then(tmp_path, end, monkeypatch):
    monkeypatch.setattr(checkpoint_writer, "derive_key", lambda _secret, _purpose: b"key")

    def fails(x: int) -> int:
        if (tmp_path / "fail").exists():
            raise ValueError("the end")
        return x

    ctx = context(tmp_path, cancel__timeout_ms=60_000, recovery__standbys=0).set_parallelism(1)
    ctx.source(Slowly(10**9, pause=1.0)).sink(FileSink(tmp_path / "out"))  # a second from the snapshot to the commit
    ctx.source(Slowly(10**9)).map(fails).sink(lambda x: None)
    job = ctx.submit("ends")
    store = tmp_path / "checkpoints" / job.id
    while not (store / "chk-2" / "MANIFEST").exists():
        assert not job.ended
        time.sleep(0.005)

    if end == "cancelled":
        job.cancel()
    (tmp_path / "fail").touch()
    with pytest.raises(AnabranchError):
        job.wait(100)

    latest = CheckpointStore(str(tmp_path / "checkpoints"), job.id, key=b"key").latest()
    assert latest is not None
    snapshots = [control.Snapshot.FromString(latest.snapshot(task)) for task in latest.tasks]
    covered = max(
        state.records_in for snapshot in snapshots for state in snapshot.operators if state.HasField("engine")
    )
    lines = [int(line) for file in (tmp_path / "out").glob("part-*") for line in file.read_text().split()]
    assert sorted(lines) == list(range(covered))


class OpensForEver(MapFunction):
    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def open(self, ctx) -> None:
        if second_time(self.flag):
            time.sleep(1000)

    def map(self, value):
        return value


def test_a_function_that_does_not_open_again_costs_its_worker_and_then_the_job(tmp_path):
    ctx = context(tmp_path, deploy__timeout_ms=20_000, recovery__attempts=1, recovery__standbys=0)
    numbers = ctx.source(Slowly(10**9)).set_parallelism(1).disable_chain()
    opens = numbers.map(OpensForEver(tmp_path / "opened")).with_name("opens").set_parallelism(1).disable_chain()
    opens.sink(lambda x: None)
    job = ctx.submit("hangs")
    while job.status().state.name != "RUNNING":
        time.sleep(0.01)
    next(iter(workers("python-2"))).kill()

    with pytest.raises(JobFailedError, match="has not resumed opens"):
        job.wait(100)


@pytest.mark.slow
def test_a_restart_that_waits_for_long_costs_no_worker(tmp_path, capfd):
    def fails_once(x: int) -> int:
        if x == 500 and not second_time(tmp_path / "failed"):
            raise ConnectionError("not now")
        return x

    ctx = context(tmp_path, restart__attempts=1, restart__delay_ms=22_000, deploy__timeout_ms=20_000)
    numbers = ctx.source(Slowly(3000)).set_parallelism(1)
    numbers.disable_chain().map(fails_once).sink(FileSink(tmp_path / "out"))

    ctx.execute("waits")

    lines = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert sorted(lines) == list(range(3000))
    assert "worker" not in capfd.readouterr().err


def test_new_workers_that_fail_for_a_few_seconds_do_not_fail_the_job(tmp_path, monkeypatch, capfd):
    starts = []

    def start_or_not(self: LocalLauncher, spec: Any) -> Any:
        if "standby" in spec.worker_id:
            starts.append(spec.worker_id)
            if len(starts) <= 4:
                raise OSError("no memory just now")
        return start(self, spec)

    start = LocalLauncher._start_python
    monkeypatch.setattr(LocalLauncher, "_start_python", start_or_not)
    ctx = context(tmp_path, recovery__attempts=1, checkpoint__interval_ms=100_000, recovery__standbys=0)
    ctx.source(Slowly(5000)).disable_chain().sink(FileSink(tmp_path / "out"))
    job = ctx.submit("starts")
    while job.status().state.name != "RUNNING":
        time.sleep(0.01)
    next(iter(workers("python"))).kill()

    job.wait(100)

    lines = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert sorted(lines) == list(range(5000))
    assert "no memory just now" in capfd.readouterr().err
    assert len(starts) == 5


def test_standbys_that_die_at_once_are_started_less_and_less_often(tmp_path, monkeypatch, capfd):
    def start_or_die(self: LocalLauncher, spec: Any) -> Any:
        process = start(self, spec)
        if "standby" in spec.worker_id:
            process.kill()
        return process

    start = LocalLauncher._start_python
    monkeypatch.setattr(LocalLauncher, "_start_python", start_or_die)
    ctx = context(tmp_path)
    ctx.source(Slowly(10**9)).sink(lambda x: None)
    job = ctx.submit("standbys")
    while "another is started in 2 s" not in (err := capfd.readouterr().err):
        assert not job.ended
        time.sleep(0.1)

    job.cancel()
    assert "standby worker python-standby-" in err
