"""What a user reads when a job fails: operator, language, record and the own line first."""

import sys
import time

import pytest

from anabranch import JobFailedError, MapFunction, StreamingContext


def run_and_fail(ctx: StreamingContext) -> list[str]:
    with pytest.raises(JobFailedError) as caught:
        ctx.execute("failing")
    return str(caught.value).splitlines()


def fails_at_seven(x):
    if x == 7:
        raise ValueError("seven came")
    return x


def wraps_at_seven(x):
    try:
        return fails_at_seven(x)
    except ValueError as error:
        raise RuntimeError("cannot go on") from error


def test_an_exception_in_a_python_function_names_operator_record_and_the_users_line():
    ctx = StreamingContext.Builder().build()
    ctx.from_collection(range(10)).map(fails_at_seven).with_name("picky").sink(lambda x: None)

    lines = run_and_fail(ctx)

    assert lines[0] == "job failing: operator 'picky' failed, subtask 0, Python, record 7: 7"
    assert lines[1] == "Traceback (most recent call last):"
    trace = "\n".join(lines)
    assert "in fails_at_seven" in trace
    assert 'raise ValueError("seven came")' in trace
    assert lines[-1] == "ValueError: seven came"
    assert "anabranch/worker" not in trace


def test_chained_causes_are_kept():
    ctx = StreamingContext.Builder().build()
    ctx.from_collection(range(10)).map(wraps_at_seven).sink(lambda x: None)

    trace = "\n".join(run_and_fail(ctx))

    assert trace.index("ValueError: seven came") < trace.index("direct cause") < trace.index("RuntimeError: cannot")


class UnprintableError(Exception):
    def __str__(self):
        raise SystemExit(3)

    __repr__ = __len__ = __bool__ = __str__


def raises(error):
    raise error


@pytest.mark.parametrize(
    ("record", "error", "told"),
    [
        (1, UnprintableError(), "UnprintableError: <its message cannot be had: SystemExit>"),
        (UnprintableError(), ValueError("bad"), "ValueError: bad"),
        ("\udc80x", ValueError("unknown name \udc80x"), "ValueError: unknown name \\udc80x"),
        ("x" * 20_000_000, ValueError("x" * 20_000_000), "(19,990,000 more characters)"),
    ],
    ids=["unprintable error", "unprintable record", "lone surrogate", "huge"],
)
def test_a_failure_is_told_whatever_its_exception_and_record_are(record, error, told):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(record).map(lambda _: raises(error)).with_name("picky").sink(lambda x: None)

    lines = run_and_fail(ctx)

    assert "operator 'picky' failed, subtask 0, Python, record 0: " in lines[0]
    assert lines[-1].endswith(told)
    assert sum(map(len, lines)) < 50_000


def test_a_close_that_hangs_does_not_hide_a_failure():
    class FailsAndHangs(MapFunction):
        def map(self, value):
            return fails_at_seven(value)

        def close(self):
            time.sleep(600)

    ctx = StreamingContext.Builder().build()
    ctx.from_values(7).map(FailsAndHangs()).sink(lambda x: None)

    assert run_and_fail(ctx)[-1] == "ValueError: seven came"


def test_an_exception_in_a_java_function_names_operator_record_and_the_users_line(acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    (
        ctx.from_collection(range(10))
        .as_java_stream()
        .map("com.acme.Functions$FailsAtSeven")
        .with_name("picky")
        .as_python_stream()
        .sink(lambda x: None)
    )

    lines = run_and_fail(ctx)

    assert lines[0] == "job failing: operator 'picky' failed, subtask 0, Java, record 7: 7"
    assert lines[1] == "java.lang.IllegalStateException: cannot go on"
    assert lines[2].strip().startswith("at com.acme.Functions$FailsAtSeven.map(Functions.java:")
    trace = "\n".join(lines)
    assert "Caused by: java.lang.IllegalArgumentException: seven came" in trace
    assert "org.anabranch.runtime.task" not in trace


def test_an_integer_function_fed_with_python_ints_is_told_to_take_long(acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    ctx.from_values(1).as_java_stream().map("com.acme.Functions$WantsInteger").as_python_stream().sink(print)

    trace = "\n".join(run_and_fail(ctx))

    assert "ClassCastException" in trace
    assert "Long" in trace.split("hint:")[1]


def test_a_python_value_that_cannot_cross_names_operator_type_and_path(acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    (
        ctx.from_values(1, 2)
        .map(lambda x: {"lock": [x, object()]} if x == 2 else x)
        .with_name("makes")
        .as_java_stream()
        .map("com.acme.Functions$Identity")
        .with_name("takes")
        .as_python_stream()
        .sink(lambda x: None)
    )

    message = "\n".join(run_and_fail(ctx))

    assert "operator 'makes' failed" in message
    assert "object" in message
    assert "['lock'][1]" in message
    assert "takes" in message


def test_a_java_value_that_cannot_cross_names_operator_type_and_path(acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    (
        ctx.from_values(1)
        .as_java_stream()
        .map("com.acme.Functions$ReturnsThread")
        .with_name("makes")
        .as_python_stream()
        .sink(lambda x: None)
    )

    message = "\n".join(run_and_fail(ctx))

    assert "operator 'makes' failed" in message
    assert "java.lang.Thread" in message
    assert "[1]" in message


class FailsInOpen(MapFunction):
    def open(self, ctx):
        raise OSError("no model")

    def map(self, value):
        return value


def test_a_failing_open_names_the_operator_and_no_record():
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).map(FailsInOpen()).with_name("model").sink(print)

    lines = run_and_fail(ctx)

    assert lines[0] == "job failing: operator 'model' failed, subtask 0, Python"
    assert lines[-1] == "OSError: no model"


class FailsInClose(MapFunction):
    def map(self, value):
        return value

    def close(self):
        raise OSError("cannot flush")


def test_a_failing_close_fails_the_job():
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).map(FailsInClose()).with_name("writer").sink(lambda x: None)

    assert run_and_fail(ctx)[-1] == "OSError: cannot flush"


def test_sys_exit_in_a_function_is_a_failure_and_not_a_silent_end():
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).map(lambda x: sys.exit(3)).with_name("quits").sink(print)

    assert "operator 'quits' failed" in run_and_fail(ctx)[0]


@pytest.mark.local
def test_a_worker_that_exits_by_itself_fails_the_job_with_its_last_words():
    def leave(x):
        import os
        import sys

        print("famous last words", file=sys.stderr)
        os._exit(3)

    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).map(leave).with_name("leaves").sink(print)

    message = "\n".join(run_and_fail(ctx))

    assert "exited with code 3" in message
    assert "leaves" in message
    assert "famous last words" in message


def test_partition_function_out_of_range_is_reported_with_the_record():
    ctx = StreamingContext.Builder().build()
    ctx.from_values("a", "b").partition_by(lambda record, n: n).map(lambda x: x).set_parallelism(2).sink(print)

    message = "\n".join(run_and_fail(ctx))

    assert "'a'" in message
    assert "partition function returned 2, there are 2 partitions" in message
    assert "hint: it comes from the function of partition_by, for operator map-2" in message


def test_a_flat_map_that_returns_nothing_says_what_it_should_return():
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).flat_map(lambda x: None).with_name("nothing").sink(print)

    assert "flat_map returned None; it has to return an iterable" in run_and_fail(ctx)[-1]


def test_an_unusable_key_names_the_record():
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).key_by(lambda x: object()).reduce(lambda a, b: a).set_parallelism(2).sink(print)

    assert "object" in "\n".join(run_and_fail(ctx))


def test_a_stall_is_reported_while_the_job_goes_on(capfd):
    ctx = StreamingContext.Builder().option("anabranch.stall.warn-ms", 700).build()
    results = (
        ctx.from_collection(range(20_000))
        .disable_chain()
        .map(lambda x: time.sleep(2.5) if x == 0 else x)
        .with_name("slow")
        .collect()
    )

    ctx.execute("stalls")

    assert len(results.get()) == 20_000
    err = capfd.readouterr().err
    assert "no record has moved" in err
    assert "slow" in err
    assert "test_errors.py" in err
