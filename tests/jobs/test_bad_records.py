"""Records at which a function fails: left out, or kept as dead letters."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest

from anabranch import (
    FileSink,
    IdempotentSinkFunction,
    JavaDataStream,
    JobFailedError,
    JobGraphError,
    MapFunction,
    StreamingContext,
)

from .killing import Numbered, Slowly, assert_numbered_once, context, kill_some


def test_an_operator_may_skip_what_it_fails_at(tmp_path, capfd):
    ctx = StreamingContext.Builder().build()
    divided = ctx.from_collection(range(5)).map(lambda x: 12 // (x - 2)).with_name("divides").with_on_error("skip")

    assert divided.execute_and_collect("skips") == [-6, -12, 12, 6]
    assert "operator divides skips record 2, 2: ZeroDivisionError" in capfd.readouterr().err


def test_what_an_operator_fails_at_comes_as_dead_letters():
    ctx = StreamingContext.Builder().build()
    divided = ctx.from_collection(range(5)).map(lambda x: 12 // (x - 2)).with_name("divides")
    good, bad = divided.collect(), divided.dead_letters().collect()

    ctx.execute("dead letters")

    assert good.get() == [-6, -12, 12, 6]
    error = "ZeroDivisionError: integer division or modulo by zero"
    assert bad.get() == [{"operator": "divides", "subtask": 0, "record": 2, "error": error}]


class Unprintable:
    def __repr__(self):
        raise OSError("no")

    __reduce__ = __repr__


class UnprintableError(Exception):
    def __str__(self):
        return 7  # noqa: PLE0307 - that is what is tried


def test_a_dead_letter_comes_of_what_cannot_be_printed_too():
    def refuse(_record):
        raise UnprintableError

    ctx = StreamingContext.Builder().build()
    refused = ctx.from_values(1, 2).map(lambda _: Unprintable()).map(refuse)
    refused.sink(lambda x: None)

    bad = refused.dead_letters().execute_and_collect("dead letters")

    assert [letter["error"] for letter in bad] == ["UnprintableError: <its message cannot be had: TypeError>"] * 2
    assert [letter["record"] for letter in bad] == ["<Unprintable whose repr fails: OSError: no>"] * 2


def test_a_dead_letter_has_the_record_as_it_came():
    def change_and_fail(record):
        record["items"].append("changed")
        record["name"] = "changed"
        raise ValueError("too late")

    ctx = StreamingContext.Builder().build()
    changed = ctx.from_values({"name": "a", "items": [1]}).map(change_and_fail)
    changed.sink(lambda x: None)

    [letter] = changed.dead_letters().execute_and_collect("changes")

    assert {"name": "a", "items": [1]} == letter["record"]


def test_dead_letters_say_nothing_on_the_console(capfd):
    ctx = StreamingContext.Builder().build()
    divided = ctx.from_collection(range(5)).map(lambda x: 12 // (x - 2))
    divided.sink(lambda x: None)

    assert len(divided.dead_letters().execute_and_collect("dead letters")) == 1
    assert "skips" not in capfd.readouterr().err


def test_a_sink_has_dead_letters():
    def refuse_odd(x):
        if x % 2:
            raise ValueError(f"{x} is odd")

    ctx = StreamingContext.Builder().build().set_parallelism(2)
    sink = ctx.from_collection(range(100)).rebalance().sink(refuse_odd)

    bad = sink.dead_letters().map(lambda letter: (letter["record"], letter["error"])).execute_and_collect("sink")

    assert sorted(bad) == [(x, f"ValueError: {x} is odd") for x in range(1, 100, 2)]


def test_dead_letters_of_an_operator_with_a_key_and_a_state():
    def add(old, new):
        if new[1] == 13:
            raise ValueError("unlucky")
        return (old[0], old[1] + new[1])

    ctx = StreamingContext.Builder().build().set_parallelism(2)
    pairs = ctx.from_collection([(x % 3, x) for x in range(30)])
    reduced = pairs.key_by(lambda pair: pair[0]).reduce(add)
    good, bad = reduced.collect(), reduced.dead_letters().collect()

    ctx.execute("keyed")

    assert [letter["record"] for letter in bad.get()] == [(1, 13)]
    assert max(total for key, total in good.get() if key == 1) == sum(range(1, 30, 3)) - 13


def pair_or_refuse(left, right):
    if (left or 0) % 3 == 1:
        raise ValueError("no")
    return left, right


@pytest.mark.parametrize("language", ["python", "java"])
@pytest.mark.parametrize("retention", [1, 3_600_000])
def test_a_forgotten_record_that_fails_is_left_out_alone(acme_jar, language, retention):
    """With the short retention most are forgotten when another one comes, with the long one at the end."""
    ctx = StreamingContext.Builder().build().add_jar(acme_jar)
    left, right = ctx.source(Slowly(200, pause=0.02)), ctx.from_values(900, 901)
    if language == "python":
        joined = left.join(right, retention=timedelta(milliseconds=retention), how="left")
        pairs = joined.where(lambda x: x).equal_to(lambda x: x).with_function(pair_or_refuse)
    else:
        keep = timedelta(milliseconds=retention)
        joined = left.as_java_stream().join(right.as_java_stream(), retention=keep, how="left")
        keyed = joined.where("com.acme.Stateful$Itself").equal_to("com.acme.Stateful$Itself")
        pairs = keyed.with_function("com.acme.Stateful$PairOrRefuse")
    good = (pairs.as_python_stream() if language == "java" else pairs).collect()
    letters = pairs.dead_letters()
    bad = (letters.as_python_stream() if language == "java" else letters).collect()

    ctx.execute("forgets")

    assert [letter["record"] for letter in bad.get()] == [x for x in range(200) if x % 3 == 1]
    assert [tuple(pair) for pair in good.get()] == [(x, None) for x in range(200) if x % 3 != 1]


def test_dead_letters_cross_to_java(acme_jar, capfd):
    ctx = StreamingContext.Builder().build().add_jar(acme_jar)
    failing = ctx.from_values(1, 0).map(lambda x: 1 // x).with_name("inverts")
    failing.sink(lambda x: None)

    failing.dead_letters().as_java_stream().sink("com.acme.Functions$Print")
    ctx.execute("crossing")

    out = capfd.readouterr().out
    assert "operator=inverts" in out
    assert "record=0" in out
    assert "error=ZeroDivisionError" in out


def test_a_record_that_cannot_cross_comes_as_text(acme_jar, capfd):
    class Odd:
        def __repr__(self) -> str:
            return "<an odd thing>"

    ctx = StreamingContext.Builder().build().add_jar(acme_jar)
    failing = ctx.from_values(1).map(lambda x: Odd()).map(lambda odd: odd.nothing)
    failing.sink(lambda x: None)

    failing.dead_letters().as_java_stream().sink("com.acme.Functions$Print")
    ctx.execute("crossing")

    assert "record=<an odd thing>" in capfd.readouterr().out


@pytest.mark.local
def test_dead_letters_come_once_whatever_dies(tmp_path):
    def refuse(x):
        if x % 10 == 3:
            raise ValueError("no")
        return x

    ctx = context(tmp_path)
    checked = ctx.source(Slowly(40_000)).rebalance().map(refuse)
    checked.sink(FileSink(tmp_path / "good"))
    letters = checked.dead_letters().map(lambda letter: letter["record"]).rebalance().map(lambda x: x)
    bad = letters.disable_chain().key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(7), ["python"] * 4) >= 1

    assert_numbered_once(bad.get(90), list(range(3, 40_000, 10)), 7)
    lines = [int(line) for file in (tmp_path / "good").iterdir() for line in file.read_text().split()]
    assert sorted(lines) == [x for x in range(40_000) if x % 10 != 3]


@pytest.mark.local
def test_what_another_system_refuses_is_refused_again_in_a_recovery(tmp_path, capfd):
    """Each record is once among the results or once among the dead letters, though a coin decides among which."""

    class AsksOutside(MapFunction):
        def open(self, ctx) -> None:
            self.ctx = ctx

        def map(self, value):
            def ask():
                if time.perf_counter_ns() // 1000 % 2:
                    raise ConnectionError("refused")

            self.ctx.nondeterministic(ask)
            return value

    ctx = context(tmp_path, checkpoint__interval_ms=700)  # enough to be done again
    asked = ctx.source(Slowly(30_000)).rebalance().map(AsksOutside()).disable_chain()
    good = asked.rebalance().map(lambda x: x).disable_chain()
    bad = asked.dead_letters().rebalance().map(lambda letter: letter["record"]).disable_chain()
    collected = good.union(bad).key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("asks")

    assert kill_some(job, random.Random(9), ["python-2", "python-6", "standby"]) >= 1

    assert_numbered_once(collected.get(90), list(range(30_000)), 7)
    assert "diverged from its log" not in capfd.readouterr().err


@dataclass
class Delay:
    """Stands for a Java record that refuses negative minutes."""

    minutes: int


class CheckedDelay(msgspec.Struct):
    """Refuses negative minutes where it is made, and does not notice when they become so."""

    minutes: int

    def __post_init__(self) -> None:
        if self.minutes < 0:
            raise ValueError(f"negative: {self.minutes}")


def unchecked(minutes: int) -> CheckedDelay:
    delay = CheckedDelay(abs(minutes))
    delay.minutes = minutes
    return delay


def delays_in(language: str, acme_jar, *minutes: int):
    """A stream of the minutes of delays, which are made anew where they arrive."""
    ctx = StreamingContext.Builder().build()
    if language == "python":
        delays = ctx.from_collection(minutes).map(unchecked).disable_chain()
        return delays.map(lambda delay: delay.minutes).with_name("minutes")
    ctx.add_jar(acme_jar).register_type(Delay, "com.acme.Delay")
    delays = ctx.from_collection([Delay(n) for n in minutes]).as_java_stream()
    return delays.map("com.acme.Delay::minutesOf").with_name("minutes")


def as_python(stream):
    return stream.as_python_stream() if isinstance(stream, JavaDataStream) else stream


@pytest.mark.parametrize("language", ["python", "java"])
def test_a_record_that_its_own_constructor_refuses_is_skipped(acme_jar, language, capfd):
    minutes = delays_in(language, acme_jar, 1, -1, 2, -3, 3).with_on_error("skip")

    assert as_python(minutes).execute_and_collect("skips") == [1, 2, 3]
    assert "operator minutes skips record 1, " in capfd.readouterr().err


@pytest.mark.parametrize("language", ["python", "java"])
def test_a_record_that_its_own_constructor_refuses_is_a_dead_letter_of_its_fields(acme_jar, language):
    minutes = delays_in(language, acme_jar, -1, 2, -3)
    good, bad = as_python(minutes).collect(), as_python(minutes.dead_letters()).collect()

    minutes.get_streaming_context().execute("dead letters")

    assert good.get() == [2]
    assert [letter["record"] for letter in bad.get()] == [{"minutes": -1}, {"minutes": -3}]
    for letter, refused in zip(bad.get(), ["negative: -1", "negative: -3"], strict=True):
        assert letter["operator"] == "minutes"
        assert "Delay" in letter["error"]
        assert refused in letter["error"]


@pytest.mark.parametrize(("language", "line"), [("python", "in __post_init__"), ("java", "Delay.java:7")])
def test_where_nothing_is_skipped_the_job_fails_with_the_line_of_the_constructor(acme_jar, language, line):
    minutes = as_python(delays_in(language, acme_jar, 1, -1, 2))

    with pytest.raises(JobFailedError, match=r"operator 'minutes' failed, subtask 0, .*, record 1") as failed:
        minutes.execute_and_collect("fails")

    assert "negative: -1" in str(failed.value)
    assert line in str(failed.value)


def test_a_record_whose_key_is_refused_is_skipped(acme_jar):
    ctx = StreamingContext.Builder().build().add_jar(acme_jar).register_type(Delay, "com.acme.Delay")
    keyed = ctx.from_values(1, -1, 2).key_by(Delay)
    reduced = keyed.as_java_stream().reduce("com.acme.Delay::later")
    good, bad = as_python(reduced).collect(), as_python(reduced.dead_letters()).collect()

    ctx.execute("keyed")

    assert good.get() == [1, 2]
    [letter] = bad.get()
    assert letter["record"] == -1
    assert 'its key, {"minutes"=-1}, cannot be taken' in letter["error"]


def test_what_a_union_cannot_take_is_skipped_after_it(acme_jar):
    ctx = StreamingContext.Builder().build()
    left, right = (ctx.from_collection(minutes).map(unchecked) for minutes in ([1, -1], [-2, 2]))
    minutes = left.union(right).map(lambda delay: delay.minutes)
    good, bad = minutes.collect(), minutes.dead_letters().map(lambda letter: letter["record"]["minutes"]).collect()

    ctx.execute("union")

    assert sorted(good.get()) == [1, 2]
    assert sorted(bad.get()) == [-2, -1]


def test_a_key_function_does_not_see_what_its_consumer_skips():
    ctx = StreamingContext.Builder().build().set_parallelism(2)
    delays = ctx.from_values(1, -1, 2).map(unchecked).key_by(lambda delay: delay.minutes % 7)
    reduced = delays.reduce(lambda old, new: new)
    good, bad = reduced.collect(), reduced.dead_letters().collect()

    ctx.execute("keyed")

    assert sorted(delay.minutes for delay in good.get()) == [1, 2]
    assert [letter["record"] for letter in bad.get()] == [{"minutes": -1}]


@pytest.mark.local
def test_refused_records_come_once_whatever_dies(tmp_path, acme_jar):
    ctx = context(tmp_path).add_jar(acme_jar).register_type(Delay, "com.acme.Delay")
    delays = ctx.source(Slowly(20_000)).map(lambda x: Delay(-x if x % 10 == 3 else x))
    minutes = delays.as_java_stream().map("com.acme.Delay::minutesOf")
    good = as_python(minutes).map(lambda x: x).disable_chain()
    bad = as_python(minutes.dead_letters()).map(lambda letter: -letter["record"]["minutes"]).disable_chain()
    collected = good.union(bad).key_by(lambda x: x % 7).process(Numbered()).collect()
    job = ctx.submit("killed")

    assert kill_some(job, random.Random(3), ["java", "python", "java"]) >= 1

    assert_numbered_once(collected.get(240), list(range(20_000)), 7)


def test_a_source_has_no_dead_letters():
    ctx = StreamingContext.Builder().build()

    with pytest.raises(JobGraphError, match="not supported on a source"):
        ctx.from_values(1).dead_letters()


def test_dead_letters_have_no_key():
    ctx = StreamingContext.Builder().build()
    keyed = ctx.from_values(1).key_by(lambda x: x)

    assert not hasattr(keyed.dead_letters(), "reduce")


class Upsert(IdempotentSinkFunction):
    def sink(self, record_id, value) -> None:
        print(record_id.split("/", 1)[1], value)


def test_an_idempotent_sink_is_told_who_each_record_is(capfd):
    ctx = StreamingContext.Builder().build()
    ctx.from_values("a", "b", "c").map(lambda x: x).sink(Upsert())

    ctx.execute("upsert")

    assert capfd.readouterr().out == "1/0 a\n1/1 b\n1/2 c\n"


def test_identities_count_the_records_that_are_skipped(capfd):
    class Picky(Upsert):
        def sink(self, record_id, value) -> None:
            if value == "b":
                raise ValueError(value)
            super().sink(record_id, value)

    ctx = StreamingContext.Builder().build()
    ctx.from_values("a", "b", "c").sink(Picky()).with_on_error("skip")

    ctx.execute("upsert")

    assert capfd.readouterr().out == "1/0 a\n1/2 c\n"


def test_identities_count_the_records_that_cannot_be_made(capfd):
    class UpsertMinutes(Upsert):
        def sink(self, record_id, value) -> None:
            super().sink(record_id, value.minutes)

    ctx = StreamingContext.Builder().build()
    delays = ctx.from_values(-1, 2, -3, 4).map(unchecked).disable_chain()
    delays.sink(UpsertMinutes()).with_on_error("skip")

    ctx.execute("upsert")

    assert capfd.readouterr().out == "2/1 2\n2/3 4\n"


def test_an_idempotent_sink_needs_records_with_an_identity(tmp_path):
    ctx = context(tmp_path, mode="at_least_once")
    ctx.from_values(1).sink(Upsert)

    with pytest.raises(JobFailedError, match="no identity in mode at_least_once"):
        ctx.execute("upsert")
