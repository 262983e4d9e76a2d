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
def ctx(request):
    ctx = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 8).build()
    return ctx.set_parallelism(request.param)


class Mean(AggregateFunction):
    def create_accumulator(self):
        return [0, 0]

    def add(self, value, accumulator):
        return [accumulator[0] + value[1], accumulator[1] + 1]

    def get_result(self, accumulator):
        return accumulator[0] / accumulator[1]

    def merge(self, a, b):
        return [a[0] + b[0], a[1] + b[1]]


def test_aggregate_emits_the_result_so_far(ctx):
    records = [("a", 1), ("b", 10), ("a", 3), ("b", 20)]
    stream = ctx.from_collection(records).set_parallelism(1)

    result = stream.key_by(lambda r: r[0]).aggregate(Mean).set_parallelism(ctx.parallelism).execute_and_collect()

    assert [1.0, 2.0, 10.0, 15.0] == sorted(result)


class Deduplicate(ProcessFunction):
    def process(self, value, ctx, collector):
        seen = ctx.get_state(0)
        ctx.set_state(seen + 1)
        if seen == 0:
            collector.collect((ctx.key, value))
        if seen == 2:
            ctx.clear_state()


def test_process_has_a_state_per_key(ctx):
    stream = ctx.from_collection([1, 2, 1, 1, 1, 2]).set_parallelism(1)

    result = stream.key_by(lambda x: x % 2).process(Deduplicate()).execute_and_collect()

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


def test_connect_handles_each_stream_by_its_own_method(ctx):
    numbers, words = ctx.from_values(1, 2), ctx.from_values("a")

    result = numbers.connect(words).process(Tag()).execute_and_collect()

    assert sorted([("number", 1), ("number", 2), ("word", "a"), ("word", "a")]) == sorted(result)


LEFT = [("a", 1), ("b", 2), ("a", 3), ("l", 4)]
RIGHT = [("a", "x"), ("b", "y"), ("a", "z"), ("r", "w")]
PAIRS = [(1, "x"), (1, "z"), (3, "x"), (3, "z"), (2, "y")]


@pytest.mark.parametrize(
    ("how", "alone"),
    [("inner", []), ("left", [(4, None)]), ("right", [(None, "w")]), ("full", [(4, None), (None, "w")])],
)
def test_join_pairs_records_of_one_key(ctx, how, alone):
    left, right = ctx.from_collection(LEFT), ctx.from_collection(RIGHT)

    result = (
        left.join(right, retention=HOUR, how=how)
        .where(lambda record: record[0])
        .equal_to(lambda record: record[0])
        .with_function(lambda a, b: (a and a[1], b and b[1]))
        .execute_and_collect()
    )

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
