"""Whether a function can be called as its transformation will call it."""

import functools

import pytest

from anabranch import JobGraphError, MapFunction, ReduceFunction, SinkFunction, SourceFunction, StreamingContext


class Scale(MapFunction):
    def __init__(self, factor):
        self.factor = factor

    def map(self, value):
        return value * self.factor


class Wrong(ReduceFunction):
    def reduce(self, value):
        return value


class Callable:
    def __call__(self, value):
        return value


class Untold:
    """Callable, and nobody can say with what."""

    __signature__ = "none"

    def __call__(self, *values):
        return values


def passes_one_more(function):
    @functools.wraps(function)
    def wrapper(value):
        return function(value, 1)

    return wrapper


@pytest.fixture
def stream():
    return StreamingContext().from_values(1)


@pytest.mark.parametrize(
    "function",
    [
        str,
        int,
        str.upper,
        print,
        len,
        Scale(2),
        Callable,
        Callable(),
        Untold(),
        lambda value, factor=2: value * factor,
        lambda *values: values,
        functools.partial(max, 3),
        passes_one_more(lambda value, more: value + more),
    ],
)
def test_anything_that_takes_one_value_can_be_mapped_with(stream, function):
    stream.map(function)


@pytest.mark.parametrize(
    "function", [str.split, lambda v: [v], lambda v, collector: None, lambda v, times=2: [v] * times]
)
def test_flat_map_takes_one_argument_or_two(stream, function):
    stream.flat_map(function)


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda s: s.map(lambda: 1), "called with (value): too many positional arguments"),
        (lambda s: s.map(lambda a, b: 1), "called with (value): missing a required argument: 'b'"),
        (lambda s: s.map(lambda a, *, b: 1), "called with (value): missing a required"),
        (lambda s: s.map(Scale), "made without arguments (missing a required argument: 'factor'); pass an instance"),
        (lambda s: s.flat_map(lambda a, b, c: 1), "called with (value) or (value, collector): missing"),
        (lambda s: s.key_by(len).reduce(lambda a: a), "called with (old_value, new_value): too many"),
        (lambda s: s.key_by(len).reduce(Wrong()), "its reduce is called with (old_value, new_value): too many"),
        (lambda s: s.key_by(len).aggregate(max), "has to be an object of class AggregateFunction, with add and"),
        (lambda s: s.get_streaming_context().source(range), "has to be an object of class SourceFunction"),
        (lambda s: s.partition_by(lambda r: 0), "called with (record, n): too many"),
        (lambda s: s.get_streaming_context().source(lambda ctx: 1), "SourceFunction, with fetch and init"),
    ],
)
def test_a_function_that_does_not_fit_is_refused_in_the_users_line(stream, misuse, message):
    with pytest.raises(JobGraphError) as caught:
        misuse(stream)

    assert message in str(caught.value)


def test_an_incomplete_source_is_refused(stream):
    class Incomplete(SourceFunction):
        def init(self, parallelism, index):
            pass

    with pytest.raises(JobGraphError, match="lacks fetch"):
        stream.get_streaming_context().source(Incomplete)


async def wait_for(value):
    return value


async def wait_for_each(value):
    yield value


def yields(value):
    yield value


class Waits(MapFunction):
    def map(self, value):
        return value

    async def close(self):
        pass


class YieldingSink(SinkFunction):
    def sink(self, value):
        yield value


class CalledAsync:
    async def __call__(self, value):
        return value


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda s: s.map(wait_for), "does not fit: it is async, and would never be awaited"),
        (lambda s: s.filter(wait_for), "it is async"),
        (lambda s: s.key_by(wait_for), "it is async"),
        (lambda s: s.flat_map(wait_for_each), "it is async"),
        (lambda s: s.sink(functools.partial(wait_for)), "it is async"),
        (lambda s: s.map(CalledAsync()), "it is async"),
        (lambda s: s.map(CalledAsync), "it is async"),
        (lambda s: s.map(Waits()), "its close is async"),
        (lambda s: s.map(Waits), "its close is async"),
        (lambda s: s.map(yields), "it is a generator function (it yields), whose body would never run"),
        (lambda s: s.filter(yields), "it is a generator function"),
        (lambda s: s.sink(yields), "it is a generator function"),
        (lambda s: s.sink(YieldingSink()), "its sink is a generator function"),
    ],
)
def test_a_function_whose_body_would_never_run_is_refused_in_the_users_line(stream, misuse, message):
    with pytest.raises(JobGraphError) as caught:
        misuse(stream)

    assert message in str(caught.value)


@pytest.mark.parametrize("function", [yields, lambda value, collector: (yield value)])
def test_flat_map_takes_generator_functions(stream, function):
    stream.flat_map(function)
