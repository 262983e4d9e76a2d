"""Jobs that TwinsTest.java has in Java: `python twins.py NAME` prints what its twin prints."""

import sys
from datetime import timedelta
from pathlib import Path

from anabranch import AggregateFunction, CoProcessFunction, EndOfData, ProcessFunction, SourceFunction, StreamingContext

HOUR = timedelta(hours=1)


class Count(SourceFunction):
    def init(self, parallelism, index):
        self.next, self.step = index, parallelism

    def fetch(self, ctx):
        if self.next >= 10:
            raise EndOfData
        ctx.collect(self.next)
        self.next += self.step


class Mean(AggregateFunction):
    def create_accumulator(self):
        return (0, 0)

    def add(self, value, accumulator):
        return (accumulator[0] + value, accumulator[1] + 1)

    def get_result(self, accumulator):
        return accumulator[0] / accumulator[1]

    def merge(self, a, b):
        return (a[0] + b[0], a[1] + b[1])


class Nth(ProcessFunction):
    def process(self, value, ctx, collector):
        count = (ctx.get_state() or 0) + 1
        ctx.set_state(count)
        collector.collect(f"{ctx.key} {count}")


class Tag(CoProcessFunction):
    def process1(self, value, collector):
        collector.collect(f"first {value}")

    def process2(self, value, collector):
        collector.collect(f"second {value}")


def map_(ctx):
    stream = ctx.from_collection([1, 2, 3, 4]).with_name("numbers").with_uid("numbers-1").with_config("k", "v")
    assert (stream.get_name(), stream.get_config(), stream.get_id()) == ("numbers", {"k": "v"}, 1)
    stream.map(lambda x: x * 10).flat_map(lambda x: [x, x + 1]).filter(lambda x: x != 20).sink(print)


def collect(ctx):
    collected = ctx.from_collection([1, 2, 3]).map(lambda x: x + 1).collect()
    ctx.submit("first")
    doubled = ctx.from_collection(collected.get()).map(lambda x: 2 * x).execute_and_collect("second")
    ctx.from_collection(doubled).sink(print)


def source(ctx):
    ctx.source(Count()).sink(print)


def text(ctx):
    ctx.read_text_file(Path(__file__).with_name("lines.txt")).sink(print)


def union(ctx):
    numbers = ctx.from_collection([1, 2, 3])
    numbers.filter(lambda x: x > 1).union(numbers.map(lambda x: -x), numbers).sink(print)


def keyed(ctx):
    numbers = ctx.from_collection([1, 2, 3, 4, 5]).set_parallelism(1).key_by(lambda x: x % 2)
    numbers.reduce(lambda old, new: old + new).set_parallelism(2).sink(lambda x: print("sum", x))
    numbers.aggregate(Mean()).set_parallelism(2).sink(lambda x: print("mean", x))
    numbers.process(Nth()).set_parallelism(2).sink(lambda x: print("nth", x))


def errors(ctx):
    numbers = ctx.from_collection([1, 2, 3, 4]).set_parallelism(1)
    numbers.map(lambda x: 12 // (x - 2)).with_on_error("skip").sink(lambda x: print("skips", x))
    inverse = numbers.map(lambda x: 12 // (x - 3)).with_name("divides")
    inverse.sink(print)
    inverse.dead_letters().map(lambda d: f"{d['operator']} {d['subtask']} {d['record']}").sink(print)


def two_inputs(ctx):
    left, right = ctx.from_collection(["a1", "b2"]), ctx.from_collection(["a3", "c4"])
    left.connect(right).process(Tag()).sink(print)
    (
        left.join(right, retention=HOUR, how="full")
        .where(lambda x: x[0])
        .equal_to(lambda x: x[0])
        .with_function(lambda a, b: f"{a} {b}".replace("None", "null"))
        .sink(print)
    )


def spread(ctx):
    one = ctx.from_collection([1, 2, 3, 4]).set_parallelism(1).disable_chain()
    assert one.get_parallelism() == 1
    one.broadcast().map(lambda x: f"broadcast {x}").set_parallelism(2).sink(print)
    one.rebalance().map(lambda x: f"rebalance {x}").set_parallelism(2).forward().sink(print)
    one.partition_by(lambda x, n: x % n).map(lambda x: f"partition {x}").set_parallelism(2).sink(print)


if __name__ == "__main__":
    context = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 8).build().set_parallelism(2)
    {"map": map_}.get(sys.argv[1], globals().get(sys.argv[1]))(context)
    context.submit(sys.argv[1]).wait(60)
