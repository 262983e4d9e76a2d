"""The chain: in which order its operators take records, and how deep their calls are."""

import sys

from tests.python.worker.operators.making import operator_of

from anabranch import FlatMapFunction, KeyFunction, MapFunction, ReduceFunction
from anabranch.v1.control_pb2 import InputEdge
from anabranch.worker.chain import OperatorChain
from anabranch.worker.operators.flat_map import FlatMapOperator
from anabranch.worker.operators.key_by import KeyByOperator
from anabranch.worker.operators.map import MapOperator
from anabranch.worker.operators.operator import EMIT_SIZE
from anabranch.worker.operators.reduce import ReduceOperator

EDGE = 7


def run(operators, batches, key_operator=None):
    """What the chain emits for these batches."""
    emitted = []
    key_operators = {} if key_operator is None else {EDGE: key_operator}
    edge = InputEdge(edge_id=EDGE)
    chain = OperatorChain(operators, [edge], key_operators, lambda values, keys: emitted.append((list(values), keys)))
    chain.open()
    for batch in batches:
        chain.entry(EDGE)(batch, None)
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
