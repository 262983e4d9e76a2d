"""What is wrong with a job graph, said before anything is started."""

import pytest

from anabranch.errors import JobGraphError
from anabranch.graph import validate
from anabranch.v1 import graph_pb2 as pb

FUNCTION = pb.FunctionDescriptor(display_name="f", python_object=pb.PythonObject(pickled=b"f"))
JAVA = pb.FunctionDescriptor(display_name="J", java_reference=pb.JavaReference(class_name="J"))


def operator(number: int, kind: int, **changes) -> pb.Operator:
    fields = {
        "id": number, "name": f"op-{number}", "kind": kind, "language": pb.LANGUAGE_PYTHON, "parallelism": 1,
        "function": FUNCTION, "origin": f"job.py:{number}",
    }  # fmt: skip
    return pb.Operator(**{**fields, **changes})


def edge(number: int, source: int, target: int, kind: int = pb.Partitioning.KIND_AUTO) -> pb.Edge:
    return pb.Edge(id=number, source=source, target=target, partitioning=pb.Partitioning(kind=kind))


def good() -> pb.JobGraph:
    return pb.JobGraph(
        name="job",
        operators=[
            operator(1, pb.OPERATOR_KIND_SOURCE),
            operator(2, pb.OPERATOR_KIND_KEY_BY),
            operator(3, pb.OPERATOR_KIND_REDUCE),
            operator(4, pb.OPERATOR_KIND_SINK),
        ],
        edges=[edge(1, 1, 2), edge(2, 2, 3, pb.Partitioning.KIND_KEY), edge(3, 3, 4)],
    )


def refusal(graph: pb.JobGraph) -> str:
    with pytest.raises(JobGraphError) as caught:
        validate(graph, max_parallelism=128)
    return str(caught.value)


def test_a_good_graph_passes():
    validate(good(), max_parallelism=128)


def test_an_empty_graph_is_refused():
    assert "has no operators" in refusal(pb.JobGraph(name="empty"))


def test_parallelism_below_one_names_the_operator_and_its_line():
    graph = good()
    graph.operators[1].parallelism = 0

    assert "operator 'op-2' (job.py:2): parallelism must be at least 1, got 0" == refusal(graph)


def test_two_operators_of_one_name_are_refused():
    graph = good()
    graph.operators[3].name = "op-1"

    assert "duplicate operator name: operator 'op-1' (job.py:1) and operator 'op-1' (job.py:4)" == refusal(graph)


def test_two_operators_of_one_uid_are_refused():
    graph = good()
    graph.operators[2].uid = graph.operators[3].uid = "counts"

    assert "duplicate uid 'counts': operator 'op-3' (job.py:3) and operator 'op-4' (job.py:4)" == refusal(graph)


@pytest.mark.parametrize(("given", "named"), [(2, 3), (3, 2)])
def test_a_uid_that_is_the_name_of_another_operator_is_refused(given, named):
    graph = good()
    graph.operators[given].uid = graph.operators[named].name

    problem = refusal(graph)

    assert f"the uid 'op-{named + 1}' of operator 'op-{given + 1}' (job.py:{given + 1})" in problem
    assert f"is the name of operator 'op-{named + 1}' (job.py:{named + 1})" in problem


def test_a_uid_may_be_the_name_of_an_operator_that_has_a_uid_itself():
    graph = good()
    graph.operators[2].uid = "op-4"
    graph.operators[3].uid = "totals"

    validate(graph, max_parallelism=128)


def test_an_operator_that_nothing_consumes_is_refused():
    graph = good()
    del graph.operators[3], graph.edges[2]

    assert "nothing consumes operator 'op-3' (job.py:3)" in refusal(graph)


def test_an_operator_without_input_is_refused():
    graph = good()
    del graph.edges[0]
    graph.edges.append(edge(9, 1, 4))

    assert "no input" in refusal(graph) or "inputs" in refusal(graph)


def test_reduce_without_key_is_refused():
    graph = good()
    graph.edges[1].partitioning.kind = pb.Partitioning.KIND_REBALANCE

    assert "needs a keyed stream" in refusal(graph)


def test_partitioning_by_key_behind_anything_but_key_by_is_refused():
    graph = good()
    graph.edges[2].partitioning.kind = pb.Partitioning.KIND_KEY

    assert "is not a key_by" in refusal(graph)


def test_forward_with_unequal_parallelism_is_refused():
    graph = good()
    graph.edges[2].partitioning.kind = pb.Partitioning.KIND_FORWARD
    graph.operators[3].parallelism = 2

    assert "forward needs equal parallelism" in refusal(graph)


def test_more_keyed_subtasks_than_key_groups_are_refused():
    graph = good()
    graph.operators[2].parallelism = 129

    assert "more than the 128 key groups" in refusal(graph)


def test_a_function_of_the_other_language_is_refused():
    graph = good()
    graph.operators[3].function.CopyFrom(JAVA)

    assert "runs in Python, its function J does not" in refusal(graph)


def test_custom_partitioning_without_a_function_is_refused():
    graph = good()
    graph.edges[2].partitioning.kind = pb.Partitioning.KIND_CUSTOM

    assert "has no function" in refusal(graph)


def test_a_cycle_is_refused():
    graph = good()
    graph.operators.append(operator(5, pb.OPERATOR_KIND_UNION))
    graph.operators.append(operator(6, pb.OPERATOR_KIND_MAP))
    graph.edges.extend([edge(10, 5, 6), edge(11, 6, 5)])

    assert "cycle" in refusal(graph)


def test_an_edge_to_nowhere_is_refused():
    graph = good()
    graph.edges[0].target = 77

    assert "does not exist" in refusal(graph)


def test_an_operator_without_a_name_is_refused():
    graph = good()
    graph.operators[1].name = ""

    assert "operator 2 (job.py:2) has no name" in refusal(graph)


@pytest.mark.parametrize("kind", [pb.OPERATOR_KIND_UNSPECIFIED, 77])
def test_an_operator_of_an_unknown_kind_is_refused(kind):
    graph = good()
    graph.operators[1].kind = kind

    assert "operator 'op-2' (job.py:2) has an unknown operator kind" == refusal(graph)


@pytest.mark.parametrize("number", [0, 2])
def test_edge_ids_are_unique(number):
    graph = good()
    graph.edges[0].id = number

    assert "edge ids must be greater than 0 and unique" == refusal(graph)


@pytest.mark.parametrize(
    ("config", "resources", "reason"),
    [
        ({"anabranch.parallelism": "2"}, {}, "anabranch.parallelism cannot be set for one operator"),
        ({"anabranch.on-error": "retry"}, {}, "anabranch.on-error is fail or skip, not 'retry'"),
        ({}, {"gpus": 2.0}, "there is no resource gpus; did you mean num_gpus?"),
        ({}, {"CPU": -1.0}, "resource CPU must not be negative"),
    ],
)
def test_settings_that_mean_nothing_are_refused(config, resources, reason):
    graph = good()
    graph.operators[1].config.update(config)
    graph.operators[1].resources.update(resources)

    message = refusal(graph)
    assert message.startswith("operator 'op-2' (job.py:2): ")
    assert reason in message
