"""Python operators of the Java jobs."""

from anabranch import AggregateFunction, EndOfData, SourceFunction


def map_func1(value):
    return str(value) + str(value)


def filter_func1(value):
    return "b" not in value


def fails(value):
    raise ValueError(f"no {value}")


class Times:
    """A class is made once per subtask, with the arguments that the job gives."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return value * self.factor


def letters(value):
    return list(value)


def first(value):
    return value[0]


def last_subtask(value, n):
    return n - 1


def pair(left, right):
    return f"{left}+{right}"


class Longest(AggregateFunction):
    def create_accumulator(self):
        return ""

    def add(self, value, accumulator):
        return max(accumulator, value, key=len)

    def get_result(self, accumulator):
        return accumulator

    def merge(self, a, b):
        return max(a, b, key=len)


class Once(SourceFunction):
    def init(self, parallelism, index):
        self.mine = index == 0

    def fetch(self, ctx):
        if self.mine:
            ctx.collect("once")
        raise EndOfData


def record_of(letter):
    return f"record {letter['record']}"
