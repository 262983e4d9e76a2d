"""Jobs that a type checker must accept, and the types that it must find. Read by mypy, never run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from typing_extensions import assert_type

from anabranch import (
    AggregateFunction,
    Collector,
    CoProcessFunction,
    DataStream,
    FileSink,
    FlatMapFunction,
    JavaFunction,
    JoinFunction,
    KeyDataStream,
    MapFunction,
    ProcessContext,
    ProcessFunction,
    ReduceFunction,
    SinkFunction,
    SourceContext,
    SourceFunction,
    StreamingContext,
)

ctx = StreamingContext.Builder().build()
numbers = ctx.from_collection([1, 2, 3])
words = ctx.from_values("a", "b")
HOUR = timedelta(hours=1)


class Ticks(SourceFunction[float]):
    def init(self, parallelism: int, index: int) -> None: ...

    def fetch(self, ctx: SourceContext[float]) -> None:
        ctx.collect(1.5)


class Halve(MapFunction[int, float]):
    def map(self, value: int) -> float:
        return value / 2


class Letters(FlatMapFunction[str, str]):
    def flat_map(self, value: str, collector: Collector[str]) -> Iterator[str]:
        yield from value


class Sum(ReduceFunction[int]):
    def reduce(self, old_value: int, new_value: int) -> int:
        return old_value + new_value


class Mean(AggregateFunction[int, "tuple[int, int]", float]):
    def create_accumulator(self) -> tuple[int, int]:
        return 0, 0

    def add(self, value: int, accumulator: tuple[int, int]) -> tuple[int, int]:
        return accumulator[0] + value, accumulator[1] + 1

    def get_result(self, accumulator: tuple[int, int]) -> float:
        return accumulator[0] / accumulator[1]

    def merge(self, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return a[0] + b[0], a[1] + b[1]


class Nth(ProcessFunction[int, str]):
    def process(self, value: int, ctx: ProcessContext, collector: Collector[str]) -> None:
        collector.collect(f"{ctx.key} {value}")


class Both(CoProcessFunction[int, str, bytes]):
    def process1(self, value: int, collector: Collector[bytes]) -> None:
        collector.collect(b"%d" % value)

    def process2(self, value: str, collector: Collector[bytes]) -> None:
        collector.collect(value.encode())


class Pair(JoinFunction[int, str, "tuple[int | None, str | None]"]):
    def join(self, left: int | None, right: str | None) -> tuple[int | None, str | None]:
        return left, right


class PrintAll(SinkFunction[object]):
    def sink(self, value: object) -> None:
        print(value)


def split(line: str, collector: Collector[bytes]) -> None:
    collector.collect(line.encode())


def numbered(value: int, ctx: ProcessContext, collector: Collector[str]) -> None:
    collector.collect(str(value))


def untyped(value):  # type: ignore[no-untyped-def]
    return value


# Sources
assert_type(numbers.execute_and_collect(), list[int])
assert_type(words.collect().get(), list[str])
assert_type(ctx.read_text_file("lines.txt").execute_and_collect(), list[str])
assert_type(ctx.source(Ticks()).execute_and_collect(), list[float])

# One record at a time
assert_type(numbers.map(lambda x: x + 1).execute_and_collect(), list[int])
assert_type(numbers.map(str).map(len).execute_and_collect(), list[int])
assert_type(numbers.map(Halve()).execute_and_collect(), list[float])
assert_type(numbers.filter(lambda x: x > 1).filter(bool).execute_and_collect(), list[int])
assert_type(words.flat_map(lambda line: line.split()).execute_and_collect(), list[str])
assert_type(words.flat_map(split).execute_and_collect(), list[bytes])
assert_type(words.flat_map(Letters()).execute_and_collect(), list[str])
assert_type(numbers.process(numbered).execute_and_collect(), list[str])
numbers.map(untyped).map(lambda x: x.anything).sink(print)
numbers.process(lambda value, ctx, collector: collector.collect(value + 1)).sink(print)
words.flat_map(lambda line, collector: collector.collect(len(line))).sink(print)

# By key
keyed = words.map(lambda word: (word, 1)).key_by(lambda pair: pair[0])
assert_type(keyed, KeyDataStream[str, tuple[str, int]])
assert_type(keyed.reduce(lambda old, new: (old[0], old[1] + new[1])).execute_and_collect(), list[tuple[str, int]])
by_parity = numbers.key_by(lambda x: x % 2)
assert_type(by_parity.reduce(Sum()).execute_and_collect(), list[int])
assert_type(by_parity.aggregate(Mean()).execute_and_collect(), list[float])
assert_type(by_parity.aggregate(Mean).execute_and_collect(), list[float])
assert_type(by_parity.process(Nth()).execute_and_collect(), list[str])

# A class stands for an object of it
assert_type(numbers.map(Halve).execute_and_collect(), list[float])
assert_type(words.flat_map(Letters).execute_and_collect(), list[str])
assert_type(by_parity.reduce(Sum).execute_and_collect(), list[int])
assert_type(by_parity.process(Nth).execute_and_collect(), list[str])
numbers.sink(PrintAll)

# Several streams
assert_type(numbers.union(numbers).execute_and_collect(), list[int])
assert_type(numbers.connect(words).process(Both()).execute_and_collect(), list[bytes])
joined = numbers.join(words, retention=HOUR).where(lambda n: n).equal_to(len)
assert_type(joined.with_function(lambda n, w: w * n).execute_and_collect(), list[str])
outer = numbers.join(words, retention=HOUR, how="left").where(lambda n: n).equal_to(len)
assert_type(outer.with_function(lambda n, w: (w or "") * n).execute_and_collect(), list[str])
assert_type(outer.with_function(Pair()).execute_and_collect(), list["tuple[int | None, str | None]"])
assert_type(outer.with_function(Pair).execute_and_collect(), list["tuple[int | None, str | None]"])

# Sinks, settings and views keep the type
numbers.sink(PrintAll())
numbers.sink(FileSink("out"))
settled = numbers.map(str).with_name("text").with_uid("text").with_config("a", "b").set_parallelism(2).disable_chain()
assert_type(settled.rebalance().partition_by(lambda text, n: len(text) % n).execute_and_collect(), list[str])
for letter in numbers.map(str).dead_letters().execute_and_collect():
    letter["error"]


# A stream without parameters is one of anything, and a stream of a subclass is one of its base.
def anything(stream: DataStream) -> DataStream:  # type: ignore[type-arg]
    return stream.map(lambda record: record.whatever)


def objects(stream: DataStream[object]) -> None:
    stream.sink(PrintAll())


objects(numbers)
anything(numbers).sink(print)

# What Java emits is not known.
java = numbers.as_java_stream().map("com.acme.Twice").map(JavaFunction("com.acme.Scale", 2))
java.as_python_stream().map(lambda record: record.total).sink(print)
numbers.union(java).sink(print)
