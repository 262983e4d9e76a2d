"""Functions that emit through a collector: what they yield or return, other threads, the end."""

import threading

import pytest
from tests.python.operators.making import CONTEXT, operator_of

from anabranch import CoProcessFunction, EndOfData, FlatMapFunction, ProcessFunction, SourceFunction
from anabranch.api.descriptors import python_function
from anabranch.operators.chain import OperatorChain
from anabranch.operators.connect import ConnectOperator
from anabranch.operators.flat_map import CollectorFlatMapOperator, FlatMapOperator
from anabranch.operators.functions import UserFunction
from anabranch.operators.map import MapOperator
from anabranch.operators.operator import OperatorError
from anabranch.operators.process import ProcessOperator
from anabranch.operators.sink import SinkOperator
from anabranch.operators.source import SourceOperator
from anabranch.records.batch import Batch


def open_chain(*operators):
    """A chain of these, and the list of what comes out of it."""
    emitted = []
    chain = OperatorChain(operators, [], {}, lambda batch: emitted.extend(batch.values))
    chain.open()
    return chain, emitted


def feed(operator, values, emitted):
    results = operator.process(Batch(values))
    emitted.extend(results.values if results else ())


def test_what_a_function_yields_is_emitted_in_order_with_what_it_collects():
    def spread(value, collector):
        collector.collect(value)
        yield value + 1
        collector.collect(value + 2)

    operator = operator_of(CollectorFlatMapOperator, FlatMapFunction, spread)
    _, emitted = open_chain(operator)
    feed(operator, [1, 10], emitted)

    assert [1, 2, 3, 10, 11, 12] == emitted


def test_process_and_both_methods_of_connect_may_yield():
    def twice(value, ctx, collector):
        yield value
        yield value

    class Sides(CoProcessFunction):
        def process1(self, value, collector):
            yield "left", value

        def process2(self, value, collector):
            yield "right", value

    process = operator_of(ProcessOperator, ProcessFunction, twice)
    _, emitted = open_chain(process)
    feed(process, [1], emitted)
    connect = operator_of(ConnectOperator, CoProcessFunction, Sides())
    open_chain(connect)

    assert [1, 1] == emitted
    assert Batch([("left", 1)]) == connect.process_input(0, Batch([1]))
    assert Batch([("right", 2)]) == connect.process_input(1, Batch([2]))


RETURNED = [
    (CollectorFlatMapOperator, FlatMapFunction, lambda value, c: [value], "flat_map returned a value of type list"),
    (ProcessOperator, ProcessFunction, lambda value, ctx, c: (None,), "process returned a value of type tuple"),
    (FlatMapOperator, FlatMapFunction, lambda value: None, "flat_map returned None; it has to return an iterable"),
    (FlatMapOperator, FlatMapFunction, lambda value: 5, "flat_map returned a value of type int"),
    (FlatMapOperator, FlatMapFunction, lambda value: later(), "flat_map returned a coroutine"),
    (ProcessOperator, ProcessFunction, lambda value, ctx, c: later(), "process returned a coroutine"),
    (MapOperator, FlatMapFunction, lambda value: later(), "map returned a coroutine"),
    (SinkOperator, FlatMapFunction, lambda value: (n for n in [value]), "sink returned a generator"),
]


async def later():
    return 1


@pytest.mark.parametrize(("operator_class", "interface", "function", "message"), RETURNED)
def test_what_nobody_would_take_is_refused(operator_class, interface, function, message):
    operator = operator_of(operator_class, interface, function)
    open_chain(operator)

    with pytest.raises(OperatorError) as caught:
        operator.process(Batch(["record"]))

    assert message in str(caught.value.__cause__)
    assert caught.value.record == "record"


class Numbers(SourceFunction):
    """Emits three numbers, by the means of a subclass."""

    def init(self, parallelism, index):
        pass


class Yielding(Numbers):
    def fetch(self, ctx):
        yield from range(3)
        raise EndOfData


class Endless(Numbers):
    def fetch(self, ctx):
        n = 0
        while True:
            yield n
            n += 1


class Returning(Numbers):
    def fetch(self, ctx):
        return [1, 2, 3]


class OnAnotherThread(Numbers):
    def fetch(self, ctx):
        thread = threading.Thread(target=self.deliver, args=(ctx,))
        thread.start()
        thread.join()

    def deliver(self, ctx):
        try:
            ctx.collect(1)
        except RuntimeError as error:
            self.error = error


def test_a_source_may_yield():
    source = operator_of(SourceOperator, SourceFunction, Yielding())
    _, emitted = open_chain(source)
    while not source.ended:
        source.fetch()

    assert [0, 1, 2] == emitted


def test_a_source_that_yields_without_end_returns_between_its_records():
    source = operator_of(SourceOperator, SourceFunction, Endless())
    _, emitted = open_chain(source)
    for _ in range(3):
        assert source.fetch()

    assert source.in_fetch
    assert list(range(len(emitted))) == emitted


def test_a_source_that_returns_its_records_is_refused():
    source = operator_of(SourceOperator, SourceFunction, Returning())
    open_chain(source)

    with pytest.raises(OperatorError) as caught:
        source.fetch()

    assert "fetch returned a value of type list" in str(caught.value.__cause__)


def test_a_collector_on_another_thread_is_an_error_of_the_function_too():
    source = operator_of(SourceOperator, SourceFunction, OnAnotherThread())
    open_chain(source)

    with pytest.raises(OperatorError) as caught:
        source.fetch()

    assert "call it on the thread that the function is called on" in str(caught.value.__cause__)


class Pairs(FlatMapFunction):
    def open(self, ctx):
        self.pair = []

    def flat_map(self, value, collector):
        self.collector = collector
        self.pair.append(value)
        if len(self.pair) == 2:
            collector.collect(tuple(self.pair))
            self.pair = []

    def close(self):
        if self.pair:
            self.collector.collect(tuple(self.pair))


def test_what_is_collected_in_close_passes_the_operators_that_follow():
    first = operator_of(CollectorFlatMapOperator, FlatMapFunction, Pairs())
    second = UserFunction(python_function(Pairs(), FlatMapFunction, "flat_map"), FlatMapFunction)
    chain, emitted = open_chain(first, CollectorFlatMapOperator(2, "second", second, CONTEXT))
    first.process(Batch([1]))
    chain.end(None)

    assert [((1,),)] == emitted


def test_what_is_collected_in_close_is_dropped_if_the_task_does_not_come_to_its_end():
    operator = operator_of(CollectorFlatMapOperator, FlatMapFunction, Pairs())
    chain, emitted = open_chain(operator)
    operator.process(Batch([1]))
    chain.close()

    assert emitted == []


def test_a_collector_that_outlives_its_function_refuses_records():
    function = Pairs()
    operator = operator_of(CollectorFlatMapOperator, FlatMapFunction, function)
    chain, _ = open_chain(operator)
    operator.process(Batch([1, 2]))
    collector = operator.function.__self__.collector
    chain.end(None)

    with pytest.raises(RuntimeError, match="after the function was closed"):
        collector.collect(3)
