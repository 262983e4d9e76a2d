"""Says what is wrong with a job graph, before anything is started."""

from __future__ import annotations

from anabranch.errors import JobGraphError
from anabranch.graph.settings import ACTIONS, ON_ERROR, why_not_a_resource, why_not_of_an_operator
from anabranch.graph.uids import uid_of
from anabranch.v1 import graph_pb2 as pb

_SINKS = (pb.OPERATOR_KIND_SINK, pb.OPERATOR_KIND_COLLECT)
_WITHOUT_FUNCTION = (pb.OPERATOR_KIND_UNION, pb.OPERATOR_KIND_COLLECT)
_NEEDS_KEYS = (pb.OPERATOR_KIND_REDUCE, pb.OPERATOR_KIND_AGGREGATE, pb.OPERATOR_KIND_JOIN)
_NO_RECORD_FAILS = (pb.OPERATOR_KIND_SOURCE, pb.OPERATOR_KIND_UNION, pb.OPERATOR_KIND_COLLECT)
_TWO_INPUTS = (pb.OPERATOR_KIND_JOIN, pb.OPERATOR_KIND_CONNECT)


def validate(graph: pb.JobGraph, max_parallelism: int) -> None:
    """Checks everything about a graph that can be known without running it.

    Args:
        graph: The job graph.
        max_parallelism: Number of key groups, the limit of keyed parallelism.

    Raises:
        JobGraphError: The first thing that is wrong: what, where it was written, what to do.
    """
    if not graph.operators:
        raise JobGraphError(f"job {graph.name!r} has no operators: begin with a source")
    operators = {operator.id: operator for operator in graph.operators}
    _check_operators(graph, operators)
    edge_ids = {edge.id for edge in graph.edges}
    if len(edge_ids) != len(graph.edges) or 0 in edge_ids:
        raise JobGraphError("edge ids must be greater than 0 and unique")
    for edge in graph.edges:
        _check_edge(edge, operators, max_parallelism)
    _check_connections(graph, operators)
    _check_order(graph, operators)


def where(operator: pb.Operator) -> str:
    """Returns how messages call an operator: its name, and the line that made it."""
    return f"operator {operator.name!r}" + (f" ({operator.origin})" if operator.origin else "")


def _check_operators(graph: pb.JobGraph, operators: dict[int, pb.Operator]) -> None:
    if len(operators) != len(graph.operators) or 0 in operators:
        raise JobGraphError("operator ids must be greater than 0 and unique")
    names: dict[str, pb.Operator] = {}
    for operator in graph.operators:
        if not operator.name:
            raise JobGraphError(f"operator {operator.id} ({operator.origin}) has no name: errors and logs need one")
        if operator.kind == pb.OPERATOR_KIND_UNSPECIFIED or operator.kind not in pb.OperatorKind.values():
            raise JobGraphError(f"{where(operator)} has an unknown operator kind")
        if operator.parallelism < 1:
            raise JobGraphError(f"{where(operator)}: parallelism must be at least 1, got {operator.parallelism}")
        other = names.setdefault(operator.name, operator)
        if other is not operator:
            raise JobGraphError(f"duplicate operator name: {where(other)} and {where(operator)}")
        if operator.language not in (pb.LANGUAGE_PYTHON, pb.LANGUAGE_JAVA):
            raise JobGraphError(f"{where(operator)} has no language")
        if operator.kind not in _WITHOUT_FUNCTION:
            _check_language(operator.function, operator.language, where(operator))
        _check_settings(operator)
    _check_uids(graph)


def _check_uids(graph: pb.JobGraph) -> None:
    """Refuses two operators whose state would have one address. Names are known to be unique."""
    uids: dict[str, pb.Operator] = {}
    for operator in graph.operators:
        other = uids.setdefault(uid_of(operator), operator)
        if other is operator:
            continue
        if other.uid and operator.uid:
            raise JobGraphError(f"duplicate uid {operator.uid!r}: {where(other)} and {where(operator)}")
        given, named = (operator, other) if operator.uid else (other, operator)
        raise JobGraphError(
            f"the uid {given.uid!r} of {where(given)} is the name of {where(named)}, which has no uid; "
            "the state of both would have one address"
        )


def _check_settings(operator: pb.Operator) -> None:
    problems = [why_not_of_an_operator(name) for name in operator.config]
    problems += [why_not_a_resource(name, amount) for name, amount in operator.resources.items()]
    action = operator.config.get(ON_ERROR, "fail")
    if action not in ACTIONS:
        problems.append(f"{ON_ERROR} is {' or '.join(ACTIONS)}, not {action!r}")
    for problem in filter(None, problems):
        raise JobGraphError(f"{where(operator)}: {problem}")


def _check_language(function: pb.FunctionDescriptor, language: pb.Language, whose: str) -> None:
    body = function.WhichOneof("body")
    if body is None:
        raise JobGraphError(f"{whose} has no function")
    prefix = "java" if language == pb.LANGUAGE_JAVA else "python"
    if not body.startswith(prefix):
        raise JobGraphError(f"{whose} runs in {prefix.title()}, its function {function.display_name} does not")


def _check_edge(edge: pb.Edge, operators: dict[int, pb.Operator], max_parallelism: int) -> None:
    source, target = operators.get(edge.source), operators.get(edge.target)
    if source is None or target is None:
        raise JobGraphError(f"edge {edge.id} leads from or to an operator that does not exist")
    kind = edge.partitioning.kind
    if kind == pb.Partitioning.KIND_FORWARD and source.parallelism != target.parallelism:
        raise JobGraphError(
            f"forward needs equal parallelism: {where(source)} has {source.parallelism}, "
            f"{where(target)} has {target.parallelism}; use rebalance() or nothing"
        )
    if kind == pb.Partitioning.KIND_KEY:
        if source.kind != pb.OPERATOR_KIND_KEY_BY:
            raise JobGraphError(f"{where(target)} expects keyed input, but {where(source)} is not a key_by")
        if target.parallelism > max_parallelism:
            raise JobGraphError(
                f"{where(target)}: parallelism {target.parallelism} is more than the {max_parallelism} key groups "
                "(option anabranch.max-parallelism)"
            )
    if kind == pb.Partitioning.KIND_CUSTOM:
        _check_language(edge.partitioning.function, source.language, f"the partitioning after {where(source)}")


def _check_connections(graph: pb.JobGraph, operators: dict[int, pb.Operator]) -> None:
    inputs: dict[int, list[pb.Edge]] = {number: [] for number in operators}
    outputs: dict[int, list[pb.Edge]] = {number: [] for number in operators}
    for edge in graph.edges:
        inputs[edge.target].append(edge)
        outputs[edge.source].append(edge)
    for operator in graph.operators:
        _check_inputs(operator, inputs[operator.id])
        _check_outputs(operator, outputs[operator.id])


def _check_inputs(operator: pb.Operator, inputs: list[pb.Edge]) -> None:
    if operator.kind == pb.OPERATOR_KIND_SOURCE:
        if inputs:
            raise JobGraphError(f"{where(operator)} is a source and cannot have an input")
    elif not inputs:
        raise JobGraphError(f"{where(operator)} has no input")
    if operator.kind in _TWO_INPUTS:
        if sorted(edge.input for edge in inputs) != [0, 1]:
            raise JobGraphError(f"{where(operator)} needs exactly two inputs, numbered 0 and 1")
    elif operator.kind != pb.OPERATOR_KIND_UNION and len(inputs) > 1:
        raise JobGraphError(f"{where(operator)} has {len(inputs)} inputs; merge them with union()")
    if operator.kind == pb.OPERATOR_KIND_JOIN and operator.join.retention_ms < 1:
        raise JobGraphError(f"{where(operator)} needs a retention: how long a record waits for its match")
    if operator.kind in _NEEDS_KEYS and any(edge.partitioning.kind != pb.Partitioning.KIND_KEY for edge in inputs):
        raise JobGraphError(f"{where(operator)} needs a keyed stream: put key_by() right in front of it")


def _check_outputs(operator: pb.Operator, outputs: list[pb.Edge]) -> None:
    for edge in outputs:
        if edge.dead_letters and operator.kind in _NO_RECORD_FAILS:
            raise JobGraphError(f"{where(operator)} has no dead letters: none of its records can fail")
        if edge.dead_letters and edge.partitioning.kind in (pb.Partitioning.KIND_KEY, pb.Partitioning.KIND_CUSTOM):
            raise JobGraphError(
                f"the dead letters of {where(operator)} cannot be partitioned by key: dead letters have none"
            )
    outputs = [edge for edge in outputs if not edge.dead_letters]
    if operator.kind in _SINKS:
        if outputs:
            raise JobGraphError(f"{where(operator)} is a sink and cannot have an output")
    elif not outputs:
        raise JobGraphError(f"nothing consumes {where(operator)}: add a sink, or leave it out")


def _check_order(graph: pb.JobGraph, operators: dict[int, pb.Operator]) -> None:
    """Refuses cycles: takes away operators without open inputs until none is left."""
    open_inputs = {number: sum(edge.target == number for edge in graph.edges) for number in operators}
    ready = [number for number, count in open_inputs.items() if count == 0]
    done = 0
    while ready:
        done += 1
        number = ready.pop()
        for edge in graph.edges:
            if edge.source == number:
                open_inputs[edge.target] -= 1
                if open_inputs[edge.target] == 0:
                    ready.append(edge.target)
    if done < len(operators):
        stuck = ", ".join(operators[number].name for number, count in open_inputs.items() if count > 0)
        raise JobGraphError(f"the graph has a cycle through {stuck}")
