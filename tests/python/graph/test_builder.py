"""Building a graph, and taking back what was built."""

from anabranch.graph import GraphBuilder
from anabranch.v1 import graph_pb2 as pb


def add(builder: GraphBuilder, *inputs: pb.Operator) -> pb.Operator:
    kind = pb.OPERATOR_KIND_MAP if inputs else pb.OPERATOR_KIND_SOURCE
    operator = builder.add_operator(kind, pb.LANGUAGE_PYTHON, 1)
    for each in inputs:
        builder.add_edge(each.id, operator.id, pb.Partitioning())
    return operator


def shape(builder: GraphBuilder) -> tuple[list[int], list[tuple[int, int, int]]]:
    graph = builder.graph
    return [each.id for each in graph.operators], [(each.id, each.source, each.target) for each in graph.edges]


def test_what_was_added_since_a_savepoint_is_taken_back():
    builder = GraphBuilder()
    source = add(builder)
    mapped = add(builder, source)
    before = shape(builder)
    savepoint = builder.savepoint()
    added = add(builder, mapped)

    builder.roll_back(savepoint)

    assert before == shape(builder)
    assert (True, False) == (builder.has(mapped), builder.has(added))


def test_settings_are_those_of_the_savepoint_again():
    builder = GraphBuilder()
    source = add(builder)
    source.config["kept"] = "1"
    before = pb.JobGraph.FromString(builder.graph.SerializeToString())
    savepoint = builder.savepoint()
    source.name, source.uid, source.parallelism, source.chainable = "renamed", "mine", 4, False
    source.config["added"], source.config["kept"], source.resources["num_cpus"] = "2", "3", 1

    builder.roll_back(savepoint)

    assert before == builder.graph
    assert "source-1" == source.name


def test_what_takes_a_place_that_was_freed_is_not_what_was_there():
    builder = GraphBuilder()
    savepoint = builder.savepoint()
    old = add(builder)
    builder.roll_back(savepoint)
    new = add(builder)

    assert old.id == new.id
    assert (False, True) == (builder.has(old), builder.has(new))


def test_an_operator_goes_with_all_that_lies_downstream_of_it():
    builder = GraphBuilder()
    first, second = add(builder), add(builder)
    middle = add(builder, first)
    add(builder, middle, second)
    kept = add(builder, second)

    builder.remove([first.id])

    assert ([second.id, kept.id], [(4, second.id, kept.id)]) == shape(builder)
    assert add(builder, kept).id == kept.id + 1
