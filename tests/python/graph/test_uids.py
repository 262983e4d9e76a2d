"""Which operators need a uid so that a changed job finds their state."""

import pytest

from anabranch import AggregateFunction, MapFunction, ProcessFunction, StreamingContext, TransactionalSinkFunction
from anabranch.graph.uids import uid_of
from anabranch.v1 import graph_pb2 as pb


class Remembering(MapFunction):
    def map(self, value):
        return value

    def save_checkpoint(self):
        return 1


class Nth(ProcessFunction):
    def process(self, value, ctx, collector):
        collector.collect(value)


class Transactions(TransactionalSinkFunction):
    def begin_transaction(self):
        pass

    def sink(self, value):
        pass

    def pre_commit(self, checkpoint):
        return None

    def commit(self, handle):
        pass


class Total(AggregateFunction):
    def create_accumulator(self):
        return 0

    def add(self, value, accumulator):
        return accumulator + value

    def get_result(self, accumulator):
        return accumulator

    def merge(self, a, b):
        return a + b


@pytest.fixture
def said(tmp_path, capsys):
    """Submits what `describe` makes of a named source; returns what the script is told about uids."""

    def run(describe, conf=None):
        ctx = StreamingContext({"anabranch.checkpoint.dir": str(tmp_path), **(conf or {})})
        describe(ctx.from_values(1, 2).with_name("numbers"))
        ctx.execute("job")
        return [line for line in capsys.readouterr().err.splitlines() if "uid" in line]

    return run


def unnamed(stream) -> list[str]:
    return [operator.name for operator in stream._description.stateful_without_uid()]


@pytest.fixture
def numbers():
    return StreamingContext().from_values(1, 2).with_name("numbers")


def test_what_snapshots_call_an_operator_is_its_uid_else_its_name():
    assert uid_of(pb.Operator(name="map-2")) == "map-2"
    assert uid_of(pb.Operator(name="map-2", uid="clean")) == "clean"


@pytest.mark.parametrize(
    "stateful",
    [
        lambda s: s.key_by(lambda x: x).reduce(lambda a, b: a),
        lambda s: s.key_by(lambda x: x).aggregate(Total),
        lambda s: s.key_by(lambda x: x).process(Nth()),
        lambda s: s.map(Remembering()),
        lambda s: s.map(Remembering),
        lambda s: s.sink(Transactions()),
        lambda s: s.key_by(lambda x: x).as_java_stream().as_python_stream().reduce(lambda a, b: a),
    ],
)
def test_state_without_a_uid_or_a_name_of_its_own_is_noticed(numbers, stateful):
    stream = stateful(numbers)
    assert unnamed(numbers) == [stream.get_name()]

    stream.with_uid("mine")
    assert unnamed(numbers) == []


def test_a_name_of_ones_own_is_enough(numbers):
    numbers.key_by(lambda x: x).reduce(lambda a, b: a).with_name("latest")

    assert unnamed(numbers) == []


def test_operators_without_state_need_none(numbers):
    numbers.map(lambda x: x).filter(bool).process(Nth()).union(numbers).sink(print)

    assert unnamed(numbers) == []


def test_a_source_that_saves_its_position_needs_one():
    source = StreamingContext().from_values(1)

    assert unnamed(source) == ["source-1"]


def test_one_line_per_job_says_so_and_what_to_write(said):
    def two_counts(numbers):
        keyed = numbers.key_by(lambda x: x)
        keyed.reduce(lambda a, b: a).sink(print)
        keyed.reduce(lambda a, b: b).sink(print)

    (line,) = said(two_counts)

    assert line.startswith("job job: stateful operators without a uid: reduce-3 (")
    assert "reduce-5 (" in line
    assert 'with_uid("…"), or with_name("…")' in line


@pytest.mark.parametrize("conf", [{"anabranch.checkpoint.dir": ""}, {"anabranch.mode": "none"}])
def test_a_job_without_checkpoints_is_told_nothing(said, conf):
    assert said(lambda numbers: numbers.key_by(lambda x: x).reduce(lambda a, b: a).sink(print), conf) == []


def test_named_state_is_told_nothing(said):
    assert said(lambda s: s.key_by(lambda x: x).reduce(lambda a, b: a).with_uid("latest").sink(print)) == []
