"""What the operators with a state by key save, and how they go on with it."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.python.operators.making import operator_of

from anabranch import AggregateFunction, JoinFunction, ProcessFunction, ReduceFunction
from anabranch.api.descriptors import python_function
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.operators.aggregate import AggregateOperator
from anabranch.operators.functions import UserFunction
from anabranch.operators.join import JoinOperator
from anabranch.operators.process import ProcessOperator
from anabranch.operators.reduce import ReduceOperator
from anabranch.operators.skipping import SkippingOperator
from anabranch.operators.state_loader import StateLoader
from anabranch.operators.state_saver import StateSaver
from anabranch.records import KeySelector, TypeRegistry
from anabranch.records.batch import Batch
from anabranch.v1.graph_pb2 import JoinOptions

GROUPS = 16
KEYS = ["a", "b", 1, 1.0, True, (1, "a"), 2**70, None, "é", b"b"]


class Sum(AggregateFunction):
    def create_accumulator(self):
        return []

    def add(self, value, accumulator):
        return [*accumulator, value]

    def get_result(self, accumulator):
        return sum(accumulator)

    def merge(self, one, other):
        return one + other


def count(_value, ctx, out):
    ctx.set_state(ctx.get_state(0) + 1)
    out.collect(ctx.get_state())


def reduce():
    return operator_of(ReduceOperator, ReduceFunction, lambda old, new: old + new)


def aggregate():
    return operator_of(AggregateOperator, AggregateFunction, Sum())


def process():
    return operator_of(ProcessOperator, ProcessFunction, count)


def skipping():
    return SkippingOperator(reduce())


class Clock(SimpleNamespace):
    def now(self):
        return self.time


def join(clock=None):
    function = UserFunction(python_function(lambda left, right: (left, right), JoinFunction, "join"), JoinFunction)
    options = JoinOptions(type=JoinOptions.TYPE_FULL, retention_ms=100)
    return JoinOperator(1, "op", function, clock or Clock(time=0), options)


def saved(operator):
    snapshot = NewSnapshot(1)
    StateSaver(snapshot, TypeRegistry(), GROUPS).save_operator(operator)
    snapshot.put_payloads_into_message()
    return snapshot.message


def restored(make, message):
    operator = make()
    operator.open()
    StateLoader(message, TypeRegistry()).load_operator(operator)
    return operator


def taken(operator, keys, first=0):
    emitted = []
    operator.connect(lambda batch: emitted.extend(batch.values))
    results = operator.process(Batch(list(range(first, first + len(keys))), keys))
    return emitted + list(results.values if results else ())


@pytest.mark.parametrize(
    ("make", "name"),
    [(reduce, "reduce"), (aggregate, "accumulator"), (process, "state"), (join, "records"), (skipping, "reduce")],
)
def test_a_state_has_an_address_and_is_cut_by_key_group(make, name):
    operator = make()
    operator.uid = "mine"
    operator.open()
    taken(operator, KEYS)
    (state,) = saved(operator).operators

    assert (state.uid, [keyed.name for keyed in state.keyed]) == ("mine", [name])
    assert not state.HasField("engine")
    selector = KeySelector(GROUPS, GROUPS)
    expected = sorted({selector.index_of(key) for key in KEYS})
    assert expected == [group.key_group for group in state.keyed[0].groups]


@pytest.mark.parametrize("make", [reduce, aggregate, process, skipping])
@settings(deadline=None)
@given(before=st.lists(st.sampled_from(KEYS)), after=st.lists(st.sampled_from(KEYS)))
def test_a_restored_operator_goes_on_as_the_saved_one_does(make, before, after):
    operator = make()
    operator.open()
    taken(operator, before)

    again = restored(make, saved(operator))

    assert taken(operator, after, 100) == taken(again, after, 100)
    assert (operator.records_in, operator.records_out) == (again.records_in, again.records_out)


MOVES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(KEYS), st.integers(0, 40)), max_size=30)


@settings(deadline=None)
@given(MOVES, MOVES)
def test_a_restored_join_matches_and_forgets_in_the_same_order(before, after):
    clock = Clock(time=0)

    def run(operator, moves):
        emitted = []
        operator.connect(lambda batch: emitted.extend(batch.values))
        for n, (side, key, later) in enumerate(moves):
            clock.time += later
            results = operator.process_input(side, Batch([n], [key]))
            emitted.extend(results.values if results else ())
        return emitted

    operator = join(clock)
    operator.open()
    run(operator, before)
    now = clock.time
    again = restored(lambda: join(clock), saved(operator))

    expected = run(operator, after)
    clock.time = now
    assert expected == run(again, after)
    ends = []
    for each in (operator, again):
        rest = []
        each.connect(lambda batch, rest=rest: rest.extend(batch.values))
        each.finish()
        ends.append(rest)
        assert not list(each.keyed_states[0].items())
    assert ends[0] == ends[1]


def test_a_snapshot_of_an_operator_with_another_uid_is_left_alone():
    operator = reduce()
    operator.open()
    taken(operator, ["a"])
    message = saved(operator)
    message.operators[0].uid = "another"

    again = restored(reduce, message)

    assert (again.records_in, list(again.keyed_states[0].items())) == (0, [])
