"""What snapshots call an operator: its uid, else its name. See docs/design/011."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from anabranch.v1 import graph_pb2 as pb

_ALWAYS_STATEFUL = (pb.OPERATOR_KIND_REDUCE, pb.OPERATOR_KIND_AGGREGATE, pb.OPERATOR_KIND_JOIN)
_NAMED_IN_A_WARNING = 3


def generated_name(kind: pb.OperatorKind, number: int) -> str:
    """Returns the name of an operator that was not given one; the order of the calls decides it."""
    return f"{pb.OperatorKind.Name(kind).removeprefix('OPERATOR_KIND_').lower()}-{number}"


def uid_of(operator: pb.Operator) -> str:
    """Returns what snapshots call an operator."""
    return operator.uid or operator.name


def stateful_without_uid(graph: pb.JobGraph, with_saving_functions: Collection[int]) -> list[pb.Operator]:
    """Returns the operators whose state no other version of the job would find: their uid changes with the graph.

    Args:
        graph: The job graph.
        with_saving_functions: Ids of the operators whose functions save something at a checkpoint.
    """
    keyed = {edge.target for edge in graph.edges if edge.partitioning.kind == pb.Partitioning.KIND_KEY}
    return [
        each
        for each in graph.operators
        if uid_of(each) == generated_name(each.kind, each.id)
        and (
            each.kind in _ALWAYS_STATEFUL
            or (each.kind == pb.OPERATOR_KIND_PROCESS and each.id in keyed)
            or each.id in with_saving_functions
        )
    ]


def warning(operators: Sequence[pb.Operator]) -> str:
    """Returns what the user has to know of stateful operators without a uid, and what to write."""
    named = ", ".join(
        f"{each.name} ({each.origin})" if each.origin else each.name for each in operators[:_NAMED_IN_A_WARNING]
    )
    more = f" and {len(operators) - _NAMED_IN_A_WARNING} more" if len(operators) > _NAMED_IN_A_WARNING else ""
    return (
        f"stateful operators without a uid: {named}{more}; their generated names change with the graph, and a changed "
        'job would not find their state: write with_uid("…"), or with_name("…")'
    )
