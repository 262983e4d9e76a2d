"""The chain: in which order its operators take records, and how deep their calls are."""

import sys

import pytest
from tests.python.operators.making import operator_of

from anabranch import FlatMapFunction, KeyFunction, MapFunction, PartitionFunction, ReduceFunction
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.operators.chain import OperatorChain
from anabranch.operators.flat_map import FlatMapOperator
from anabranch.operators.key_by import KeyByOperator
from anabranch.operators.map import MapOperator
from anabranch.operators.operator import EMIT_SIZE, OperatorError
from anabranch.operators.partition import PartitionOperator
from anabranch.operators.reduce import ReduceOperator
from anabranch.operators.state_loader import StateLoader
from anabranch.operators.state_saver import StateSaver
from anabranch.records import TypeRegistry
from anabranch.records.batch import Batch
from anabranch.v1.control_pb2 import InputEdge

EDGE = 7


def run(operators, batches, key_operator=None):
    """What the chain emits for these batches."""
    emitted = []
    key_operators = {} if key_operator is None else {EDGE: key_operator}
    edge = InputEdge(edge_id=EDGE)
    chain = OperatorChain(
        operators, [edge], key_operators, lambda batch: emitted.append((list(batch.values), batch.keys))
    )
    chain.open()
    for batch in batches:
        chain.entry(EDGE)(Batch(batch))
    return emitted


seen = []


def make_numbers(n):
    for number in range(n):
        seen.append(("made", number))
        yield number


def take(number):
    seen.append(("taken", number))
    return number


def depth():
    frame, n = sys._getframe(), 0
    while frame is not None:
        frame, n = frame.f_back, n + 1
    return n


def test_each_operator_takes_what_the_one_before_has_made():
    key_by = operator_of(KeyByOperator, KeyFunction, lambda n: n % 2)
    add = operator_of(ReduceOperator, ReduceFunction, lambda old, new: old + new)
    double = operator_of(MapOperator, MapFunction, lambda n: 2 * n)

    emitted = run([key_by, add, double], [[1, 2, 3], [4]])

    assert [2, 4, 8, 12] == [value for values, _ in emitted for value in values]


def test_the_keys_of_an_input_come_from_its_key_function():
    key_by = operator_of(KeyByOperator, KeyFunction, lambda n: n % 2)
    add = operator_of(ReduceOperator, ReduceFunction, lambda old, new: old + new)

    emitted = run([add], [[1, 2, 3]], key_by)

    assert [1, 2, 4] == [value for values, _ in emitted for value in values]


def test_pieces_of_a_large_result_pass_the_whole_chain_in_order_before_the_rest_is_made():
    seen.clear()
    n = 3 * EMIT_SIZE + 10
    spread = operator_of(FlatMapOperator, FlatMapFunction, make_numbers)
    emitted = run([spread, operator_of(MapOperator, MapFunction, take)], [[n]])

    assert [*range(n)] == [value for values, _ in emitted for value in values]
    assert seen.index(("taken", 0)) < seen.index(("made", 2 * EMIT_SIZE))


def test_a_function_is_called_as_deep_in_the_stack_at_the_end_of_a_long_chain_as_at_its_start():
    depths = [operator_of(MapOperator, MapFunction, lambda found: [*found, depth()]) for _ in range(100)]
    [([found], _)] = run(depths, [[[]]])

    assert 100 == len(found)
    assert 1 == len(set(found[1:]))


calls = []


class RoundRobin(PartitionFunction):
    name = "partition"

    def open(self, ctx):
        self.next = 0
        calls.append(f"open {self.name}")

    def partition(self, record, n):
        self.next += 1
        return self.next % n

    def save_checkpoint(self):
        return self.next

    def load_checkpoint(self, saved):
        self.next = saved
        calls.append(f"load {self.name} {saved}")

    def close(self):
        calls.append(f"close {self.name}")


class Keys(KeyFunction):
    def open(self, ctx):
        calls.append("open key")

    def key_by(self, value):
        return value

    def save_checkpoint(self):
        return "known keys"

    def load_checkpoint(self, saved):
        calls.append(f"load key {saved}")

    def close(self):
        calls.append("close key")


class Maps(MapFunction):
    def open(self, ctx):
        calls.append("open map")

    def map(self, value):
        return value

    def close(self):
        calls.append("close map")


def chain_with_functions_of_edges(partition_function):
    operators = [operator_of(MapOperator, MapFunction, Maps())]
    key_operators = {EDGE: operator_of(KeyByOperator, KeyFunction, Keys())}
    partition_operator = operator_of(PartitionOperator, PartitionFunction, partition_function)
    partition_operator.consumer = "next"
    edges = [InputEdge(edge_id=EDGE)]
    partition_operators = {EDGE + 1: partition_operator}
    chain = OperatorChain(operators, edges, key_operators, lambda batch: None, partition_operators=partition_operators)
    return chain, partition_operator


def test_the_functions_of_edges_live_as_those_of_operators_do():
    calls.clear()
    chain, partition_operator = chain_with_functions_of_edges(RoundRobin())
    chain.open()
    chosen = [partition_operator.function("r", 5) for _ in range(3)]
    snapshot = NewSnapshot(1)
    chain.snapshot(StateSaver(snapshot, TypeRegistry(), 128))
    snapshot.put_payloads_into_message()

    again, partition_operator = chain_with_functions_of_edges(RoundRobin())
    again.open()
    again.restore(StateLoader(snapshot.message, TypeRegistry()))
    chosen += [partition_operator.function("r", 5) for _ in range(3)]
    again.close()

    opened = ["open partition", "open map", "open key"]
    loaded = ["load key known keys", "load partition 3"]
    assert [*opened, *opened, *loaded, "close key", "close map", "close partition"] == calls
    assert [1, 2, 3, 4, 0, 1] == chosen


class Unopened(RoundRobin):
    def open(self, ctx):
        raise ValueError("not now")


def test_an_error_in_the_life_of_a_partition_function_names_the_operator_and_partition_by():
    chain, _ = chain_with_functions_of_edges(Unopened())

    with pytest.raises(OperatorError) as caught:
        chain.open()

    assert "op" == caught.value.operator
    assert "it comes from the function of partition_by, for operator next" == caught.value.hint
