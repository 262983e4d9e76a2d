"""Java operators in the modes of a job, at records at which they fail, and as idempotent sinks."""

from __future__ import annotations

import random

import pytest

from anabranch import FileSink, JavaFunction, JobFailedError, JobGraphError, StreamingContext

from .killing import Numbered, Slowly, assert_numbered_once, context, kill_some

NO_THREES = "com.acme.Failing$NoThrees"
IDENTITY = "com.acme.Functions$Identity"


def plain(jar: str) -> StreamingContext:
    return StreamingContext.Builder().build().add_jar(jar)


def lines_of(directory) -> list[str]:
    return [line for file in directory.iterdir() for line in file.read_text().splitlines()]


def test_a_java_operator_may_skip_what_it_fails_at(acme_jar, capfd):
    ctx = plain(acme_jar)
    numbers = ctx.from_collection(range(6)).as_java_stream()
    twice = numbers.flat_map("com.acme.Failing$TwiceButOdd").with_name("twice").with_on_error("skip")

    assert twice.as_python_stream().execute_and_collect("skips") == [0, 0, 2, 2, 4, 4]
    assert "operator twice skips record 1, 1: IllegalStateException: odd" in capfd.readouterr().err


def test_what_a_java_operator_fails_at_comes_as_dead_letters(acme_jar, capfd):
    ctx = plain(acme_jar)
    checked = ctx.from_collection(range(15)).as_java_stream().map(NO_THREES).with_name("checks")
    good = checked.as_python_stream().collect()
    bad = checked.dead_letters().as_python_stream().collect()

    ctx.execute("dead letters")

    assert good.get() == [x for x in range(15) if x % 10 != 3]
    error = "IllegalArgumentException: no"
    assert bad.get() == [{"operator": "checks", "subtask": 0, "record": x, "error": error} for x in (3, 13)]
    assert "skips" not in capfd.readouterr().err


def test_dead_letters_are_handled_in_java_too(acme_jar, capfd):
    ctx = plain(acme_jar)
    checked = ctx.from_values(3).as_java_stream().map(NO_THREES)
    checked.sink("com.acme.Functions$Print")
    checked.dead_letters().sink("com.acme.Functions$Print")

    ctx.execute("java")

    out = capfd.readouterr().out
    assert "record=3" in out
    assert "error=IllegalArgumentException: no" in out


def test_a_java_record_that_cannot_cross_comes_as_text(acme_jar):
    ctx = plain(acme_jar)
    failing = ctx.from_values(1).as_java_stream().map("com.acme.Failing$ToThread").map("com.acme.Failing$Refuse")
    failing.sink("com.acme.Functions$Print")

    [letter] = failing.dead_letters().as_python_stream().execute_and_collect("text")

    assert letter["record"].startswith("Thread[")
    assert "number 1" in letter["record"]


def test_a_dead_letter_of_java_has_the_record_as_it_came(acme_jar):
    record = {"name": "a", "items": [1]}
    failing = plain(acme_jar).from_values(record).as_java_stream().map("com.acme.Failing$ClearAndRefuse")
    failing.sink("com.acme.Functions$Print")

    [letter] = failing.dead_letters().as_python_stream().execute_and_collect("changes")

    assert record == letter["record"]


def test_a_java_sink_has_dead_letters(acme_jar):
    ctx = plain(acme_jar).set_parallelism(2)
    sink = ctx.from_collection(range(100)).rebalance().as_java_stream().sink("com.acme.Failing$RefusingSink")

    bad = sink.dead_letters().as_python_stream().map(lambda letter: letter["error"]).execute_and_collect("sink")

    assert sorted(bad) == sorted(f"IllegalArgumentException: {x} is odd" for x in range(1, 100, 2))


def test_a_java_source_cannot_skip(acme_jar):
    with pytest.raises(JobGraphError, match="not supported on a source"):
        plain(acme_jar).java_source("com.acme.Failing$Three").with_on_error("skip")


@pytest.mark.local
def test_java_dead_letters_come_once_whatever_dies(acme_jar, tmp_path):
    ctx = context(tmp_path, java__tasks_per_worker=1).add_jar(acme_jar)
    checked = ctx.source(Slowly(40_000)).rebalance().as_java_stream().map(NO_THREES)
    checked.as_python_stream().sink(FileSink(tmp_path / "good"))
    letters = checked.dead_letters().as_python_stream().map(lambda letter: letter["record"])
    bad = letters.key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(7), ["java"] * 3) >= 1

    assert_numbered_once(bad.get(90), list(range(3, 40_000, 10)), 7)
    assert sorted(int(line) for line in lines_of(tmp_path / "good")) == [x for x in range(40_000) if x % 10 != 3]


@pytest.mark.local
@pytest.mark.parametrize("kinds", [["java"] * 3, ["java", "python", "java"]])
def test_the_last_record_of_an_identity_counts_whatever_dies(acme_jar, tmp_path, kinds):
    (tmp_path / "out").mkdir()
    ctx = context(tmp_path, java__tasks_per_worker=1).add_jar(acme_jar)
    numbers = ctx.source(Slowly(40_000)).rebalance().map(lambda x: x).as_java_stream()
    numbers.sink(JavaFunction("com.acme.Failing$Upserts", str(tmp_path / "out"))).disable_chain()
    job = ctx.submit("upserts")

    assert kill_some(job, random.Random(6), kinds) >= 1
    job.wait(90)

    told = [line.split() for line in lines_of(tmp_path / "out")]
    assert sorted(int(value) for value in dict(told).values()) == list(range(40_000))


def test_an_idempotent_java_sink_needs_a_task_of_its_own(acme_jar, tmp_path):
    ctx = plain(acme_jar)
    numbers = ctx.from_values(1).as_java_stream().map(IDENTITY)
    numbers.sink(JavaFunction("com.acme.Failing$Upserts", str(tmp_path)))

    with pytest.raises(JobFailedError, match="disable_chain"):
        ctx.execute("chained")


@pytest.mark.local
@pytest.mark.parametrize("seed", range(2))
def test_at_least_once_loses_nothing_with_both_languages(acme_jar, tmp_path, seed):
    ctx = context(tmp_path, mode="at_least_once", java__tasks_per_worker=1).add_jar(acme_jar)
    numbers = ctx.source(Slowly(40_000)).rebalance().as_java_stream().map(IDENTITY).disable_chain()
    again = numbers.rebalance().map(IDENTITY).disable_chain().as_python_stream()
    again.key_by(lambda x: x % 7).map(lambda x: x).sink(FileSink(tmp_path / "out"))
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(seed), ["java", "python", "java"], pause=0.5) >= 1
    job.wait(90)

    assert {int(line) for line in lines_of(tmp_path / "out")} == set(range(40_000))


def test_at_least_once_without_a_failure_is_exactly_once_with_both_languages(acme_jar, tmp_path):
    ctx = context(tmp_path, mode="at_least_once").add_jar(acme_jar)
    numbers = ctx.source(Slowly(20_000)).rebalance().as_java_stream().map(IDENTITY).as_python_stream()
    collected = numbers.key_by(lambda x: x % 7).map(lambda x: x).collect()

    ctx.execute("calm")

    assert sorted(collected.get()) == list(range(20_000))


def test_mode_none_takes_no_checkpoints_in_java(acme_jar, tmp_path):
    ctx = context(tmp_path, mode="none").add_jar(acme_jar)
    numbers = ctx.from_collection(range(100)).as_java_stream().map(IDENTITY).as_python_stream()

    assert sorted(numbers.execute_and_collect("none")) == list(range(100))
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(("mode", "times"), [("exactly_once", 1), ("at_least_once", 1), ("none", 0)])
def test_a_java_source_that_cannot_go_on_is_named_once(acme_jar, tmp_path, capfd, mode, times):
    ctx = context(tmp_path, mode=mode).add_jar(acme_jar)
    ctx.java_source("com.acme.Failing$Three").with_name("three").sink("com.acme.Functions$Print")

    ctx.execute("weak")

    assert capfd.readouterr().err.count("source three saves no position (saveCheckpoint): if its worker fails") == times
