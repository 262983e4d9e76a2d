"""Each operator alone: what it emits, and which record it blames."""

import contextlib

import pytest
from tests.python.operators.making import operator_of

from anabranch import (
    FilterFunction,
    FlatMapFunction,
    KeyFunction,
    MapFunction,
    ReduceFunction,
    SinkFunction,
    TransactionalSinkFunction,
)
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.operators.chain import OperatorChain
from anabranch.operators.filter import FilterOperator
from anabranch.operators.flat_map import CollectorFlatMapOperator, FlatMapOperator
from anabranch.operators.key_by import KeyByOperator
from anabranch.operators.map import MapOperator
from anabranch.operators.operator import EMIT_SIZE, OperatorError
from anabranch.operators.reduce import ReduceOperator
from anabranch.operators.sink import SinkOperator
from anabranch.operators.state_loader import StateLoader
from anabranch.operators.state_saver import StateSaver
from anabranch.operators.union import UnionOperator
from anabranch.records import TypeRegistry
from anabranch.records.batch import Batch


def make(operator_class, interface, function):
    """An operator around a function, and the list of the batches that it has made."""
    return watched(operator_of(operator_class, interface, function))


def watched(operator):
    """The operator, and the list of the batches that it emits or returns."""
    made = []
    take = operator.process

    def see(batch):
        made.append((list(batch.values), batch.keys))

    def process(batch):
        results = take(batch)
        if results is not None:
            see(results)

    operator.process = process
    operator.connect(see)
    operator.open()
    return operator, made


def test_map_emits_one_for_one():
    operator, emitted = make(MapOperator, MapFunction, lambda x: x + 1)
    operator.process(Batch([1, 2]))

    assert ([([2, 3], None)], 2, 2) == (emitted, operator.records_in, operator.records_out)


def test_filter_emits_what_is_true_and_nothing_for_nothing():
    operator, emitted = make(FilterOperator, FilterFunction, lambda x: x > 1)
    operator.process(Batch([1, 2]))
    operator.process(Batch([0]))

    assert ([([2], None)], 3, 1) == (emitted, operator.records_in, operator.records_out)


def test_flat_map_takes_lists_and_lazy_results_in_bounded_pieces():
    operator, emitted = make(FlatMapOperator, FlatMapFunction, lambda n: iter(range(n)))
    operator.process(Batch([3, 5000]))

    assert [*range(3), *range(5000)] == [value for values, _ in emitted for value in values]
    assert max(len(values) for values, _ in emitted) <= 2 * EMIT_SIZE


def test_flat_map_with_a_collector_emits_what_is_collected():
    def spread(value, collector):
        collector.collect(value)
        collector.collect_many([value, value])

    operator, emitted = make(CollectorFlatMapOperator, FlatMapFunction, spread)
    operator.process(Batch([1, 2]))

    assert [1, 1, 1, 2, 2, 2] == [value for values, _ in emitted for value in values]


def test_a_failure_behind_a_collector_cannot_be_swallowed():
    def swallows(value, collector):
        with contextlib.suppress(ValueError):
            collector.collect_many(range(2 * EMIT_SIZE))

    operator, _ = make(CollectorFlatMapOperator, FlatMapFunction, swallows)

    def fail(batch):
        raise ValueError("downstream")

    operator.connect(fail)
    with pytest.raises(ValueError, match="downstream"):
        operator.process(Batch([1]))


def test_key_by_emits_the_records_with_their_keys():
    operator, emitted = make(KeyByOperator, KeyFunction, lambda x: x % 2)
    operator.process(Batch([1, 2]))

    assert [([1, 2], [1, 0])] == emitted


def test_reduce_emits_the_running_value_and_the_first_as_it_came():
    operator, emitted = make(ReduceOperator, ReduceFunction, lambda old, new: old + new)
    operator.process(Batch(["a", "b", "c"], [1, 2, 1]))
    operator.process(Batch(["d", None], [1, 3]))

    assert [(["a", "b", "ac"], None), (["acd", None], None)] == emitted


def test_union_emits_every_record_as_it_came():
    operator, emitted = watched(UnionOperator(1, "op"))
    operator.process(Batch([1]))

    assert [([1], None)] == emitted


FAILING = [
    (MapOperator, MapFunction, lambda x: 1 // x),
    (FilterOperator, FilterFunction, lambda x: 1 // x),
    (FlatMapOperator, FlatMapFunction, lambda x: [1 // x]),
    (FlatMapOperator, FlatMapFunction, lambda x: (1 // y for y in [x])),
    (KeyByOperator, KeyFunction, lambda x: 1 // x),
    (SinkOperator, MapFunction, lambda x: 1 // x),
]


@pytest.mark.parametrize(("operator_class", "interface", "function"), FAILING)
def test_a_failure_names_the_record_and_its_position_in_the_stream(operator_class, interface, function):
    operator, _ = make(operator_class, interface, function)
    operator.process(Batch([1, 2, 3]))

    with pytest.raises(OperatorError) as caught:
        operator.process(Batch([4, 0, 5]))

    assert ("op", 4, 0) == (caught.value.operator, caught.value.position, caught.value.record)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def stop(value):
    return next(iter(())) if value == 0 else True


@pytest.mark.parametrize("verb", [MapOperator, FilterOperator, KeyByOperator, FlatMapOperator, SinkOperator])
def test_a_stop_iteration_that_a_function_lets_out_is_a_failure_like_any_other(verb):
    operator, emitted = make(verb, MapFunction, (lambda x: [stop(x)]) if verb is FlatMapOperator else stop)

    with pytest.raises(OperatorError) as caught:
        operator.process(Batch([1, 0, 2]))

    assert (1, 0, []) == (caught.value.position, caught.value.record, emitted)
    assert isinstance(caught.value.__cause__, StopIteration)


def test_a_failing_reduce_names_the_record():
    operator, _ = make(ReduceOperator, ReduceFunction, lambda old, new: old // new)
    operator.process(Batch([8, 2], ["k", "k"]))

    with pytest.raises(OperatorError) as caught:
        operator.process(Batch([1, 0], ["k", "k"]))

    assert (3, 0) == (caught.value.position, caught.value.record)


class NumberedTransactions(TransactionalSinkFunction):
    """Numbers what it takes, over all transactions; a handle is what the transaction holds."""

    def __init__(self):
        self.n, self.calls, self.made = 0, [], []

    def begin_transaction(self):
        self.transaction = []

    def sink(self, value):
        self.n += 1
        self.transaction.append((self.n, value))

    def pre_commit(self, checkpoint):
        self.calls.append("pre_commit")
        return list(self.transaction)

    def commit(self, handle):
        self.made += handle

    def save_checkpoint(self):
        self.calls.append("save_checkpoint")
        return self.n

    def load_checkpoint(self, saved):
        self.n = saved


def chain_of(operator):
    chain = OperatorChain([operator], [], {}, lambda batch: None)
    chain.open()
    return chain


class Nothing(NumberedTransactions):
    def pre_commit(self, checkpoint):
        self.calls.append(checkpoint)


def test_transactions_follow_each_other_and_one_without_a_handle_is_not_committed():
    sink = operator_of(SinkOperator, SinkFunction, Nothing())
    chain = chain_of(sink)
    chain.start()
    assert [] == sink.save(1)
    sink.process(Batch(["a"]))
    chain.commit(1)
    sink.save(2)

    function = sink.function.__self__
    assert ([1, 2], [], []) == (function.calls, function.transaction, function.made)


def test_a_transactional_sink_keeps_its_own_state_beside_its_transactions():
    sink = operator_of(SinkOperator, SinkFunction, NumberedTransactions())
    chain = chain_of(sink)
    chain.start()
    sink.process(Batch(["a", "b"]))
    snapshot = NewSnapshot(1)
    chain.snapshot(StateSaver(snapshot, TypeRegistry(), 128))
    snapshot.put_payloads_into_message()

    again = operator_of(SinkOperator, SinkFunction, NumberedTransactions())
    chain_again = chain_of(again)
    chain_again.restore(StateLoader(snapshot.message, TypeRegistry()))
    chain_again.commit(1)
    chain_again.start()
    again.process(Batch(["c"]))
    chain_again.end(None)

    assert ["pre_commit", "save_checkpoint"] == sink.function.__self__.calls
    assert [(1, "a"), (2, "b"), (3, "c")] == again.function.__self__.made


SPREAD = [("x", 100), ("x", 200), ("x", 200), ("x", 300), ("x", 300), ("x", 300)]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (operator_of(MapOperator, MapFunction, lambda n: 10 * n), [(10, 100), (20, 200), (30, 300)]),
        (operator_of(FilterOperator, FilterFunction, lambda n: n != 2), [(1, 100), (3, 300)]),
        (operator_of(FlatMapOperator, FlatMapFunction, lambda n: ["x"] * n), SPREAD),
        (operator_of(FlatMapOperator, FlatMapFunction, lambda n: iter(["x"] * n)), SPREAD),
        (operator_of(CollectorFlatMapOperator, FlatMapFunction, lambda n, c: c.collect_many(["x"] * n)), SPREAD),
        (operator_of(KeyByOperator, KeyFunction, lambda n: n), [(1, 100), (2, 200), (3, 300)]),
        (operator_of(ReduceOperator, ReduceFunction, lambda old, new: old + new), [(1, 100), (3, 200), (6, 300)]),
        (UnionOperator(1, "op"), [(1, 100), (2, 200), (3, 300)]),
    ],
)  # fmt: skip
def test_what_is_made_from_a_record_has_its_time(operator, expected):
    operator.open()

    results = operator.process(Batch([1, 2, 3], ["k", "k", "k"], [100, 200, 300]))

    assert expected == list(zip(results.values, results.timestamps, strict=True))


def test_pieces_of_a_large_result_have_the_time_of_the_record_they_are_made_from():
    pieces = []
    operator = operator_of(FlatMapOperator, FlatMapFunction, lambda n: [n] * n)
    operator.open()
    operator.connect(pieces.append)
    n = 2 * EMIT_SIZE + 1

    pieces.append(operator.process(Batch([1, n, 2], None, [1, n, 2])))

    assert [1] + [n] * n + [2, 2] == [value for piece in pieces for value in piece.values]
    assert all(piece.values == piece.timestamps for piece in pieces)
