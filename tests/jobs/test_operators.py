"""Every transformation in a running job, in both languages and across the language boundary."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from anabranch import EndOfData, JavaStreamSource, MapFunction, SourceFunction, StreamingContext

PARALLELISMS = [1, 2, 3]


@pytest.fixture(params=PARALLELISMS)
def ctx(request, acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.set_parallelism(request.param)
    ctx.add_jar(acme_jar)
    return ctx


def running_sums(values, key):
    sums: dict = {}
    for value in values:
        k = key(value)
        sums[k] = sums[k] + value if k in sums else value
        yield sums[k]


def test_the_first_example_of_the_documentation(capfd, acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    (
        ctx.from_values("a", "b", "c")
        .as_java_stream()
        .map("com.acme.Shout")
        .filter("com.acme.NotB")
        .as_python_stream()
        .sink(lambda x: print("result", x))
    )

    ctx.execute("hybrid")

    assert ["result A", "result C"] == capfd.readouterr().out.splitlines()


def test_a_static_method_is_a_function_too(ctx):
    result = ctx.from_values("a", "b").as_java_stream().map("com.acme.Text::shout").as_python_stream().collect()

    ctx.execute("static")

    assert ["A", "B"] == sorted(result.get())


def test_python_operators(ctx):
    result = (
        ctx.from_collection(range(100))
        .flat_map(lambda x: [x] * (x % 3))
        .filter(lambda x: x % 2)
        .map(lambda x: 3 * x + 1)
        .collect()
    )

    ctx.execute("python")

    expected = [3 * x + 1 for x in range(100) for _ in range(x % 3) if x % 2]
    assert expected == sorted(result.get())


def test_a_type_is_a_function_and_a_class_of_functions_is_made(ctx):
    class Double:
        def __call__(self, value):
            return value * 2

    result = ctx.from_values(0, 1, 2).filter(bool).map(str).map(Double).map(Double()).collect()

    ctx.execute("types")

    assert ["1111", "2222"] == sorted(result.get())


def test_java_operators(ctx):
    result = (
        ctx.from_collection(range(100))
        .as_java_stream()
        .flat_map("com.acme.Functions$Repeat")
        .filter("com.acme.Functions$IsOdd")
        .map("com.acme.Functions$TripleAndOne")
        .as_python_stream()
        .collect()
    )

    ctx.execute("java")

    expected = [3 * y + 1 for x in range(100) for y in range(x, x + x % 3) if y % 2]
    assert sorted(expected) == sorted(result.get())


def test_flat_map_with_a_collector(ctx):
    def spread(value, collector):
        collector.collect(value)
        collector.collect_many([value + 1, value + 2])

    result = ctx.from_values(1, 10).flat_map(spread).collect()

    ctx.execute("collector")

    assert [1, 2, 3, 10, 11, 12] == sorted(result.get())


def test_one_record_may_become_a_million(ctx):
    result = ctx.from_values(1).flat_map(lambda x: iter(range(1_000_000))).filter(lambda x: x % 100_000 == 0).collect()

    ctx.execute("explosion")

    assert list(range(0, 1_000_000, 100_000)) == sorted(result.get())


@pytest.mark.parametrize("reduce_in", ["python", "java"])
@pytest.mark.parametrize("key_in", ["python", "java"])
def test_reduce_by_key_in_every_mixture_of_languages(ctx, key_in, reduce_in):
    stream = ctx.from_collection(range(200)).set_parallelism(1)
    if key_in == "python":
        keyed = stream.key_by(lambda x: x % 5)
        reduced = (
            keyed.reduce(lambda old, new: old + new)
            if reduce_in == "python"
            else keyed.as_java_stream().reduce("com.acme.Functions$Sum").as_python_stream()
        )
    else:
        keyed = stream.as_java_stream().key_by("com.acme.Functions$Modulo5")
        reduced = (
            keyed.as_python_stream().reduce(lambda old, new: old + new)
            if reduce_in == "python"
            else keyed.reduce("com.acme.Functions$Sum").as_python_stream()
        )
    result = reduced.set_parallelism(ctx.parallelism).collect()

    ctx.execute("reduce")

    assert Counter(running_sums(range(200), lambda x: x % 5)) == Counter(result.get())


def test_equal_looking_keys_of_different_types_are_different_keys(ctx):
    records = [(key, 1) for key in (1, 1.0, True, "1", b"1", (1,), (True,)) for _ in range(3)]
    result = (
        ctx.from_collection(records)
        .key_by(lambda record: record[0])
        .reduce(lambda old, new: (old[0], old[1] + new[1]))
        .collect()
    )

    ctx.execute("keys")

    highest = Counter()
    for key, n in result.get():
        highest[repr(key)] = max(highest[repr(key)], n)
    assert dict.fromkeys((repr(key) for key, _ in records), 3) == highest


def test_union_fan_out_and_diamond(ctx):
    numbers = ctx.from_collection(range(50))
    even = numbers.filter(lambda x: x % 2 == 0)
    odd = numbers.as_java_stream().filter("com.acme.Functions$IsOdd").as_python_stream()
    result = even.union(odd, numbers).map(lambda x: x).collect()
    count_even = even.collect()

    ctx.execute("diamond")

    assert sorted(list(range(50)) * 2) == sorted(result.get())
    assert list(range(0, 50, 2)) == sorted(count_even.get())


def test_java_streams_unite(ctx):
    numbers = ctx.from_collection(range(50)).as_java_stream()
    result = (
        numbers.map("com.acme.Functions$TripleAndOne")
        .union(numbers.filter("com.acme.Functions$IsOdd"))
        .as_python_stream()
        .collect()
    )

    ctx.execute("union")

    assert sorted([3 * x + 1 for x in range(50)] + list(range(1, 50, 2))) == sorted(result.get())


@pytest.mark.parametrize("language", ["python", "java"])
def test_broadcast_gives_every_subtask_every_record(ctx, language):
    stream = ctx.from_collection(range(10)).set_parallelism(1)
    if language == "python":
        result = stream.broadcast().map(lambda x: x).set_parallelism(ctx.parallelism).collect()
    else:
        in_java = stream.as_java_stream().map("com.acme.Functions$Identity").set_parallelism(1).broadcast()
        result = (
            in_java.map("com.acme.Functions$Identity").set_parallelism(ctx.parallelism).as_python_stream().collect()
        )

    ctx.execute("broadcast")

    assert sorted(list(range(10)) * ctx.parallelism) == sorted(result.get())


class Tag(MapFunction):
    """Puts the subtask's index beside the record."""

    def open(self, ctx):
        self.index = ctx.get_task_index()

    def map(self, value):
        return self.index, value


@pytest.mark.parametrize("language", ["python", "java"])
def test_partition_by_sends_records_where_the_function_says(ctx, language):
    n = ctx.parallelism
    stream = ctx.from_collection(range(100)).set_parallelism(1)
    if language == "python":
        partitioned = stream.partition_by(lambda record, n: record % 10 % n)
    else:
        in_java = stream.as_java_stream().map("com.acme.Functions$Identity").set_parallelism(1)
        partitioned = in_java.partition_by("com.acme.Functions$LastDigit").as_python_stream()
    result = partitioned.map(Tag()).set_parallelism(n).collect()

    ctx.execute("partition")

    assert sorted((x % 10 % n, x) for x in range(100)) == sorted(result.get())


def test_partition_by_may_name_several_subtasks(ctx):
    n = ctx.parallelism
    result = ctx.from_values(5).partition_by(lambda record, n: list(range(n))).map(Tag()).set_parallelism(n).collect()

    ctx.execute("partition")

    assert [(index, 5) for index in range(n)] == sorted(result.get())


def test_rebalance_spreads_evenly(ctx):
    n = ctx.parallelism
    result = ctx.from_collection(range(300)).set_parallelism(1).rebalance().map(Tag()).set_parallelism(n).collect()

    ctx.execute("rebalance")

    assert dict.fromkeys(range(n), 300 // n) == Counter(index for index, _ in result.get())


def test_forward_keeps_the_order_of_each_subtask(ctx):
    result = ctx.from_collection(range(1000)).disable_chain().forward().map(Tag()).collect()

    ctx.execute("forward")

    for index in range(ctx.parallelism):
        values = [value for tagged, value in result.get() if tagged == index]
        assert sorted(values) == values
    assert list(range(1000)) == sorted(value for _, value in result.get())


def test_a_source_function_splits_its_input_and_ends(ctx):
    class Hundred(SourceFunction):
        def init(self, parallelism, index):
            self.values = iter(range(index, 100, parallelism))

        def fetch(self, ctx):
            value = next(self.values, None)
            if value is None:
                raise EndOfData
            ctx.collect(value)

        def close(self):
            pass

    result = ctx.source(Hundred()).collect()

    ctx.execute("source")

    assert list(range(100)) == sorted(result.get())


def test_a_java_source_splits_its_input_and_ends(ctx):
    result = JavaStreamSource.build_source(ctx, "com.acme.Functions$Hundred").as_python_stream().collect()

    ctx.execute("java source")

    assert list(range(100)) == sorted(result.get())


def test_a_java_sink_prints_whole_lines(ctx, capfd):
    ctx.from_collection(range(50)).as_java_stream().sink("com.acme.Functions$Print")

    ctx.execute("java sink")

    assert sorted(f"java {x}" for x in range(50)) == sorted(capfd.readouterr().out.splitlines())


def test_a_rich_java_function_is_opened_with_its_context_and_closed(ctx, capfd):
    n = ctx.parallelism
    result = (
        ctx.from_collection(range(100))
        .as_java_stream()
        .map("com.acme.Functions$Where")
        .with_name("where am I")
        .as_python_stream()
        .collect()
    )

    ctx.execute("rich")

    places = [f"where am I {index}/{n}" for index in range(n)]
    assert set(places) == set(result.get())
    assert sorted(f"closed {place}" for place in places) == sorted(capfd.readouterr().out.splitlines())


def test_config_reaches_the_function(ctx):
    class Config(MapFunction):
        def open(self, ctx):
            self.config = ctx.get_config()["mine"], ctx.get_job_config()["of the job"]

        def map(self, value):
            return self.config

    ctx.option("of the job", "yes")
    first = ctx.from_values(1).set_parallelism(1).map(Config()).with_config("mine", "one")
    result = first.union(ctx.from_values(1).set_parallelism(1).map(Config()).with_config("mine", "two")).collect()

    ctx.execute("config")

    assert [("one", "yes"), ("two", "yes")] == sorted(result.get())


@dataclass
class Point:
    x: int
    label: str


VALUES = [
    None, True, 0, -1, 2**63 - 1, 2**64, -(2**200), 1.5, float("inf"), "", "grüße 🌊", b"\x00\xff", [1, [2, []]],
    (1, "a"), (), tuple(range(12)), {"a": 1, 2: (3,)}, {1, 2}, frozenset({"x"}), date(2024, 2, 29),
    datetime(2024, 2, 29, 12, 30, 59, 123456), datetime(1, 1, 1, tzinfo=timezone.utc),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))), timedelta(days=-1, microseconds=5),
    Decimal("-12.3400"), UUID(int=7), Point(1, "p"), {"deep": [(Point(2, "q"), {3: None})]},
]  # fmt: skip


def test_every_type_crosses_to_java_and_back_unchanged(ctx):
    result = (
        ctx.from_collection(VALUES).as_java_stream().map("com.acme.Functions$Identity").as_python_stream().collect()
    )

    ctx.execute("types")

    assert sorted(map(repr, VALUES)) == sorted(map(repr, result.get()))


def test_any_python_object_travels_between_python_operators(ctx):
    lock_like = [complex(1, 2), range(5), bytearray(b"x"), Counter("aab")]
    result = ctx.from_collection(lock_like).disable_chain().map(lambda x: x).collect()

    ctx.execute("objects")

    assert sorted(map(repr, lock_like)) == sorted(map(repr, result.get()))


def test_a_pure_python_job_starts_no_jvm_and_imports_no_py4j(drive):
    script = """
import sys
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build()
result = ctx.from_values(1).map(lambda x: x + 1).collect()
ctx.execute("pure")
print(result.get(), "py4j" in sys.modules)
"""
    driver = drive(script, PATH="/nonexistent", JAVA_HOME="/nonexistent")

    assert (0, "[2] False\n", "") == driver.finish()


def test_two_jobs_of_one_context_at_once(acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    results, jobs = [], []
    for start in (0, 100):
        stream = ctx.from_collection(range(start, start + 100)).as_java_stream()
        results.append(stream.map("com.acme.Functions$TripleAndOne").as_python_stream().collect())
        jobs.append(ctx.submit(f"job {start}"))
    for job in jobs:
        job.wait(60)

    assert [[3 * x + 1 for x in range(start, start + 100)] for start in (0, 100)] == [sorted(r.get()) for r in results]


def test_a_job_may_be_run_from_a_thread():
    found = []

    def run() -> None:
        ctx = StreamingContext.Builder().build()
        found.extend(ctx.from_values(1, 2).map(lambda x: x * 2).execute_and_collect("threaded"))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)

    assert [2, 4] == found


def test_tcp_instead_of_unix_sockets(acme_jar):
    ctx = StreamingContext.Builder().option("anabranch.exchange.transport", "tcp").build()
    ctx.set_parallelism(2)
    ctx.add_jar(acme_jar)
    result = (
        ctx.from_collection(range(5000))
        .as_java_stream()
        .map("com.acme.Functions$TripleAndOne")
        .as_python_stream()
        .rebalance()
        .map(lambda x: x)
        .collect()
    )

    ctx.execute("tcp")

    assert [3 * x + 1 for x in range(5000)] == sorted(result.get())


def test_large_records_cross(acme_jar):
    ctx = StreamingContext.Builder().build()
    ctx.add_jar(acme_jar)
    big = [bytes([n]) * 3_000_000 for n in range(20)]
    result = ctx.from_collection(big).as_java_stream().map("com.acme.Functions$Identity").as_python_stream().collect()

    ctx.execute("large")

    assert big == result.get()


def test_many_tasks_may_share_one_python_worker():
    ctx = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 0).build()
    ctx.set_parallelism(4)
    result = (
        ctx.from_collection(range(5000)).rebalance().map(lambda x: x).key_by(lambda x: x % 7)
        .reduce(lambda a, b: a + b).collect()
    )  # fmt: skip

    ctx.execute("shared")

    assert len(result.get()) == 5000


def test_java_tasks_may_be_spread_over_several_jvms(acme_jar):
    ctx = StreamingContext.Builder().option("anabranch.java.tasks-per-worker", 1).build()
    ctx.add_jar(acme_jar).set_parallelism(2)
    stream = ctx.from_collection(range(2000)).as_java_stream().map("com.acme.Functions$TripleAndOne")
    result = stream.rebalance().filter("com.acme.Functions$IsOdd").as_python_stream().collect()
    assert "worker java-4" in ctx.explain()

    ctx.execute("jvms")

    assert [3 * x + 1 for x in range(2000) if x % 2 == 0] == sorted(result.get())
