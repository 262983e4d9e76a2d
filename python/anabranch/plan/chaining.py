"""Which operators run in one task, and how the edges between tasks are partitioned."""

from __future__ import annotations

from collections import Counter

from anabranch.v1 import graph_pb2 as pb


def resolve(edge: pb.Edge, operators: dict[int, pb.Operator]) -> pb.Partitioning.Kind:
    """Returns how the edge is partitioned, never KIND_AUTO."""
    if edge.partitioning.kind != pb.Partitioning.KIND_AUTO:
        return edge.partitioning.kind
    if operators[edge.source].parallelism == operators[edge.target].parallelism:
        return pb.Partitioning.KIND_FORWARD
    return pb.Partitioning.KIND_REBALANCE


def chains(graph: pb.JobGraph) -> list[list[pb.Operator]]:
    """Returns the operators in chains, each the longest line along edges that need no exchange.

    Two operators are chained if nothing but a function call has to be between them: same language, same parallelism,
    subtask i to subtask i, no other output of the first (dead letters are one), no other input of the second.
    """
    operators = {operator.id: operator for operator in graph.operators}
    outputs = Counter(edge.source for edge in graph.edges)
    inputs = Counter(edge.target for edge in graph.edges)
    following: dict[int, int] = {}
    for edge in graph.edges:
        if outputs[edge.source] == 1 and inputs[edge.target] == 1 and _chains(edge, operators):
            following[edge.source] = edge.target
    in_the_middle = set(following.values())
    result = []
    for operator in graph.operators:
        if operator.id not in in_the_middle:
            chain = [operator]
            while chain[-1].id in following:
                chain.append(operators[following[chain[-1].id]])
            result.append(chain)
    return result


def _chains(edge: pb.Edge, operators: dict[int, pb.Operator]) -> bool:
    source, target = operators[edge.source], operators[edge.target]
    kind = resolve(edge, operators)
    stays = kind == pb.Partitioning.KIND_FORWARD or (
        kind == pb.Partitioning.KIND_KEY and source.parallelism == target.parallelism == 1
    )
    return (
        stays
        and not edge.dead_letters
        and source.chainable
        and target.chainable
        and source.language == target.language
        and source.parallelism == target.parallelism
    )
