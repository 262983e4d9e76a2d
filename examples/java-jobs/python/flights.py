"""The Python side of com.acme.Flight."""

from dataclasses import dataclass, replace

from anabranch import CoProcessFunction, ProcessFunction, record_type


@record_type("com.acme.Flight")
@dataclass
class Flight:
    carrier: str
    delay: int


def later(flight):
    return replace(flight, delay=flight.delay + 1)


def carrier(flight):
    return flight.carrier


def longest(old, new):
    return old if old.delay >= new.delay else new


class CountPerKey(ProcessFunction):
    def process(self, value, ctx, collector):
        count = ctx.get_state(0) + 1
        ctx.set_state(count)
        collector.collect((ctx.key, count))


class Tag(CoProcessFunction):
    def process1(self, value, collector):
        collector.collect(f"first {value}")

    def process2(self, value, collector):
        collector.collect(f"second {value}")
