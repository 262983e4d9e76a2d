"""What a function emits is as it was when it emitted it, whatever becomes of the object later."""

import copy
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.python.operators.making import CONTEXT

from anabranch import (
    AggregateFunction,
    FilterFunction,
    FlatMapFunction,
    KeyFunction,
    MapFunction,
    ProcessFunction,
    ReduceFunction,
)
from anabranch.api.descriptors import python_function
from anabranch.operators.aggregate import AggregateOperator
from anabranch.operators.chain import OperatorChain
from anabranch.operators.filter import FilterOperator
from anabranch.operators.flat_map import CollectorFlatMapOperator, FlatMapOperator
from anabranch.operators.functions import UserFunction
from anabranch.operators.key_by import KeyByOperator
from anabranch.operators.map import MapOperator
from anabranch.operators.process import ProcessOperator
from anabranch.operators.reduce import ReduceOperator
from anabranch.records import codec
from anabranch.records.batch import Batch


@pytest.fixture(params=["native", "pure"])
def _codec(request, monkeypatch):
    if request.param == "pure":
        monkeypatch.setattr(codec, "_native", None)
    elif codec._native is None:
        pytest.skip("the native codec was not built")


@dataclass
class Order:
    id: int
    items: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)


class Keeps(MapFunction):
    """Keeps what it has emitted, changes it later, and emits it again."""

    def open(self, ctx):
        self.kept = []

    def map(self, order):
        for kept in self.kept:
            kept.items.append(order.id)
            kept.seen.setdefault("ids", []).append(order.id)
        self.kept = [*self.kept[-2:], order]
        return self.kept[0] if order.id % 3 == 0 else order


class Yields(FlatMapFunction):
    def flat_map(self, order, collector):
        collector.collect(order)
        for n in range(2):
            order.items.append(n)
            yield order


def explodes(order):
    for n in range(2):
        order.items.append(("part", n))
        yield order


class KeepsLast(FilterFunction):
    def open(self, ctx):
        self.last = None

    def filter(self, order):
        is_new = self.last is None or self.last.items != order.items
        self.last = order
        return is_new


class KeyInPlace(KeyFunction):
    def open(self, ctx):
        self.key = [0]

    def key_by(self, order):
        self.key[0] = order.id % 2
        return self.key


def merge(old, new):
    old.items += new.items
    old.seen[new.id] = new.items
    return old


class Parts(AggregateFunction):
    def create_accumulator(self):
        return {"orders": [], "n": 0}

    def add(self, value, accumulator):
        accumulator["orders"].append(value.id)
        accumulator["n"] += 1
        return accumulator

    def get_result(self, accumulator):
        return Order(accumulator["n"], accumulator["orders"], accumulator)

    def merge(self, a, b):
        raise NotImplementedError


class Counts(ProcessFunction):
    def process(self, order, ctx, collector):
        state = ctx.get_state() or Order(0)
        state.id += 1
        state.items.append(order.items)
        ctx.set_state(state)
        collector.collect(state)


STEPS = {
    "keeps": (MapOperator, MapFunction, Keeps),
    "yields": (CollectorFlatMapOperator, FlatMapFunction, Yields),
    "explodes": (FlatMapOperator, FlatMapFunction, lambda: explodes),
    "filter": (FilterOperator, FilterFunction, KeepsLast),
}
LAST = {
    "reduce": (ReduceOperator, ReduceFunction, lambda: merge),
    "aggregate": (AggregateOperator, AggregateFunction, Parts),
    "process": (ProcessOperator, ProcessFunction, Counts),
}
CHAINS = st.tuples(st.lists(st.sampled_from(list(STEPS)), max_size=3), st.sampled_from([None, *LAST]))


def operators_of(names, last):
    chosen = [STEPS[name] for name in names]
    if last is not None:
        chosen += [(KeyByOperator, KeyFunction, KeyInPlace), LAST[last]]
    for number, (operator_class, interface, make) in enumerate(chosen, start=1):
        function = UserFunction(python_function(make(), interface, "verb"), interface)
        yield operator_class(number, f"op{number}", function, CONTEXT)


def run(names, last, n, cut):
    """Runs a chain over batches of `cut` records, and returns what it emits as it is once all is through."""
    emitted = []
    chain = OperatorChain(list(operators_of(names, last)), [], {}, lambda batch: emitted.extend(batch.values))
    chain.open()
    first, rest = chain.operators[0], chain.operators[1:]
    for start in range(0, n, cut):
        results = first.process(Batch([Order(i, [i]) for i in range(start, min(n, start + cut))]))
        for operator in rest:
            results = results and operator.process(results)
        emitted.extend(results.values if results else ())
    chain.end(None)
    return emitted


def run_and_copy(names, last, n):
    """The same record by record, with a deep copy of whatever passes from one operator to the next."""
    emitted = []
    operators = list(operators_of(names, last))
    OperatorChain(operators, [], {}, lambda batch: None).open()

    def through(position, value, key):
        if position == len(operators):
            emitted.append(copy.deepcopy(value))
            return
        operator = operators[position]
        results = operator.process(Batch([copy.deepcopy(value)], None if key is None else [key]))
        for index, result in enumerate(results.values if results else ()):
            through(position + 1, result, results.keys[index] if results.keys else None)

    for i in range(n):
        through(0, Order(i, [i]), None)
    return emitted


@pytest.mark.usefixtures("_codec")
@settings(max_examples=60, deadline=None)
@given(CHAINS.filter(lambda chain: chain[0] or chain[1]), st.integers(1, 12), st.integers(1, 12))
def test_what_a_chain_emits_does_not_depend_on_where_batches_are_cut(chain, n, cut):
    names, last = chain
    assert run(names, last, n, cut) == run(names, last, n, 1)


@pytest.mark.usefixtures("_codec")
@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("cut", [1, 4, 9])
def test_states_that_are_emitted_are_as_they_were(last, cut):
    assert run_and_copy([], last, 9) == run([], last, 9, cut)


@pytest.mark.usefixtures("_codec")
@pytest.mark.parametrize("cut", [1, 9])
def test_a_function_that_keeps_and_changes_its_records_has_emitted_what_they_were(cut):
    assert run_and_copy(["keeps"], None, 9) == run(["keeps"], None, 9, cut)


def test_a_value_that_nobody_else_holds_is_not_copied():
    if codec._native is None:
        pytest.skip("the native codec was not built")
    function = UserFunction(python_function(lambda order: order, MapFunction, "map"), MapFunction)
    operator = MapOperator(1, "op", function, CONTEXT)
    operator.open()
    values = [Order(1), Order(2)]
    ids = [id(value) for value in values]
    results = operator.process(Batch(values))

    assert ids == [id(result) for result in results.values]
