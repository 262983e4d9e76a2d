"""aggregate, process, connect and join in a running job."""

from datetime import timedelta

import pytest

from anabranch import (
    AggregateFunction,
    CoProcessFunction,
    JobFailedError,
    JobGraphError,
    ProcessFunction,
    StreamingContext,
)

HOUR = timedelta(hours=1)


@pytest.fixture(params=[1, 2, 3])
def ctx(request, acme_jar):
    ctx = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 8).build()
    return ctx.set_parallelism(request.param).add_jar(acme_jar)


@pytest.fixture(params=["python", "java"])
def java(request):
    """Whether the operator under test runs in Java."""
    return request.param == "java"


class Mean(AggregateFunction):
    def create_accumulator(self):
        return [0, 0]

    def add(self, value, accumulator):
        return [accumulator[0] + value[1], accumulator[1] + 1]

    def get_result(self, accumulator):
        return accumulator[0] / accumulator[1]

    def merge(self, a, b):
        return [a[0] + b[0], a[1] + b[1]]


def test_aggregate_emits_the_result_so_far(ctx, java):
    records = [("a", 1), ("b", 10), ("a", 3), ("b", 20)]
    keyed = ctx.from_collection(records).set_parallelism(1).key_by(lambda r: r[0])
    if java:
        means = keyed.as_java_stream().aggregate("com.acme.Stateful$Mean").as_python_stream()
    else:
        means = keyed.aggregate(Mean)

    result = means.set_parallelism(ctx.parallelism).execute_and_collect()

    assert [1.0, 2.0, 10.0, 15.0] == sorted(result)


class Deduplicate(ProcessFunction):
    def process(self, value, ctx, collector):
        seen = ctx.get_state(0)
        ctx.set_state(seen + 1)
        if seen == 0:
            collector.collect((ctx.key, value))
        if seen == 2:
            ctx.clear_state()


def test_process_has_a_state_per_key(ctx, java):
    keyed = ctx.from_collection([1, 2, 1, 1, 1, 2]).set_parallelism(1).key_by(lambda x: x % 2)
    if java:
        unique = keyed.as_java_stream().process("com.acme.Stateful$Deduplicate").as_python_stream()
    else:
        unique = keyed.process(Deduplicate())

    result = unique.set_parallelism(ctx.parallelism).execute_and_collect()

    assert sorted([(1, 1), (0, 2), (1, 1)]) == sorted(result)


def test_process_without_key_has_no_state_and_says_so(ctx):
    ctx.from_values(1).process(lambda value, c, collector: c.get_state()).sink(print)

    with pytest.raises(JobFailedError, match=r"the stream has no key: put key_by\(\) right in front"):
        ctx.execute("no key")


class Tag(CoProcessFunction):
    def process1(self, value, collector):
        collector.collect(("number", value))

    def process2(self, value, collector):
        collector.collect_many([("word", value)] * 2)


def test_connect_handles_each_stream_by_its_own_method(ctx, java):
    numbers, words = ctx.from_values(1, 2), ctx.from_values("a")
    if java:
        tagged = numbers.as_java_stream().connect(words).process("com.acme.Stateful$Tag").as_python_stream()
    else:
        tagged = numbers.connect(words).process(Tag())

    result = tagged.execute_and_collect()

    assert sorted([("number", 1), ("number", 2), ("word", "a"), ("word", "a")]) == sorted(result)


LEFT = [("a", 1), ("b", 2), ("a", 3), ("l", 4)]
RIGHT = [("a", "x"), ("b", "y"), ("a", "z"), ("r", "w")]
PAIRS = [(1, "x"), (1, "z"), (3, "x"), (3, "z"), (2, "y")]


@pytest.mark.parametrize(
    ("how", "alone"),
    [("inner", []), ("left", [(4, None)]), ("right", [(None, "w")]), ("full", [(4, None), (None, "w")])],
)
def test_join_pairs_records_of_one_key(ctx, java, how, alone):
    left, right = ctx.from_collection(LEFT), ctx.from_collection(RIGHT)
    if java:
        key = "com.acme.Stateful$First"
        join = left.as_java_stream().join(right.as_java_stream(), retention=HOUR, how=how)
        joined = join.where(key).equal_to(key).with_function("com.acme.Stateful$Pair").as_python_stream()
    else:
        first = lambda record: record[0]
        join = left.join(right, retention=HOUR, how=how)
        joined = join.where(first).equal_to(first).with_function(lambda a, b: (a and a[1], b and b[1]))

    result = joined.execute_and_collect()

    assert sorted(PAIRS + alone, key=repr) == sorted(result, key=repr)


def test_join_forgets_records_after_the_retention():
    ctx = StreamingContext.Builder().build()
    late = ctx.from_values(("k", "late")).map(lambda x: __import__("time").sleep(1) or x)
    early = ctx.from_values(("k", "early"))

    result = (
        early.join(late, retention=timedelta(milliseconds=50), how="left")
        .where(lambda r: r[0])
        .equal_to(lambda r: r[0])
        .with_function(lambda a, b: (a and a[1], b and b[1]))
        .execute_and_collect()
    )

    assert [("early", None)] == result


def test_a_join_must_say_how_long_it_remembers():
    ctx = StreamingContext.Builder().build()
    stream = ctx.from_values(1)

    with pytest.raises(TypeError, match="retention"):
        stream.join(stream)
    with pytest.raises(JobGraphError, match="at least a millisecond"):
        stream.join(stream, retention=timedelta(0))
    with pytest.raises(JobGraphError, match="how must be one of"):
        stream.join(stream, retention=HOUR, how="sideways")
    with pytest.raises(JobGraphError, match="needs where"):
        stream.join(stream, retention=HOUR).with_function(print)
