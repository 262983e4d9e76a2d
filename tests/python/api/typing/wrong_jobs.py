"""Jobs that a type checker must refuse, each line with the codes of its errors. Read by mypy, never run."""

from __future__ import annotations

from datetime import timedelta

from anabranch import (
    AggregateFunction,
    Collector,
    DataStream,
    JoinFunction,
    MapFunction,
    ProcessContext,
    SinkFunction,
    StreamingContext,
)

ctx = StreamingContext.Builder().build()
numbers = ctx.from_collection([1, 2, 3])
words = ctx.from_values("a", "b")
HOUR = timedelta(hours=1)


class Upper(MapFunction[str, str]):
    def map(self, value: str) -> str:
        return value.upper()


class Lines(SinkFunction[str]):
    def sink(self, value: str) -> None:
        print(value)


class Longest(AggregateFunction[str, int, int]):
    def create_accumulator(self) -> int:
        return 0

    def add(self, value: str, accumulator: int) -> int:
        return max(accumulator, len(value))

    def get_result(self, accumulator: int) -> int:
        return accumulator

    def merge(self, a: int, b: int) -> int:
        return max(a, b)


class Repeat(JoinFunction[int, str, str]):
    def join(self, left: int | None, right: str | None) -> str:
        return (right or "") * (left or 0)


def shout(word: str) -> str:
    return word.upper()


def one_by_one(word: str, collector: Collector[str]) -> None:
    collector.collect(word)


def numbered(word: str, ctx: ProcessContext, collector: Collector[str]) -> None:
    collector.collect(word)


# The function takes records of another type.
numbers.map(shout)  # wrong: arg-type
numbers.map(Upper())  # wrong: arg-type
numbers.map(lambda x: x.upper())  # wrong: attr-defined
numbers.filter(str.isupper)  # wrong: arg-type
numbers.flat_map(one_by_one)  # wrong: arg-type
numbers.process(numbered)  # wrong: arg-type
numbers.key_by(shout)  # wrong: arg-type
numbers.sink(Lines())  # wrong: arg-type
numbers.partition_by(lambda x, n: x.index)  # wrong: attr-defined
numbers.key_by(lambda x: x).aggregate(Longest())  # wrong: arg-type
numbers.join(words, retention=HOUR).where(shout)  # wrong: arg-type
words.join(numbers, retention=HOUR).where(len).equal_to(abs).with_function(Repeat())  # wrong: arg-type

# The function returns what does not fit.
numbers.flat_map(lambda x: x)  # wrong: arg-type, return-value
numbers.key_by(lambda x: x).reduce(lambda old, new: str(new))  # wrong: arg-type, return-value
numbers.map(lambda x: x % 2 == 0).map(shout)  # wrong: arg-type

# A transformation that the stream does not have.
numbers.reduce(lambda old, new: new)  # wrong: attr-defined
numbers.sink(print).map(str)  # wrong: attr-defined
numbers.as_java_stream().map(shout)  # wrong: arg-type
numbers.map(str).with_nmae("text")  # wrong: attr-defined

# A result, or an argument, of another type.
texts: list[str] = numbers.execute_and_collect()  # wrong: assignment
stream: DataStream[str] = numbers.filter(bool)  # wrong: assignment
numbers.with_uid(7)  # wrong: arg-type
numbers.with_on_error("retry")  # wrong: arg-type
numbers.join(words, retention=5)  # wrong: call-overload
