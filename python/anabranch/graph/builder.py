"""Builds the protobuf job graph, operator by operator."""

from __future__ import annotations

from anabranch.graph.origin import caller_origin
from anabranch.v1 import graph_pb2 as pb


class GraphBuilder:
    """A job graph that grows. Numbers operators and edges, and names operators after their kind."""

    def __init__(self) -> None:
        self.graph = pb.JobGraph()

    def add_operator(
        self,
        kind: pb.OperatorKind,
        language: pb.Language,
        parallelism: int,
        function: pb.FunctionDescriptor | None = None,
    ) -> pb.Operator:
        """Adds an operator; returns it, to be changed in place."""
        number = len(self.graph.operators) + 1
        kind_name = pb.OperatorKind.Name(kind).removeprefix("OPERATOR_KIND_").lower()
        operator = self.graph.operators.add(
            id=number,
            name=f"{kind_name}-{number}",
            kind=kind,
            language=language,
            parallelism=parallelism,
            chainable=True,
            origin=caller_origin(),
        )
        if function is not None:
            operator.function.CopyFrom(function)
        return operator

    def add_edge(
        self,
        source: int,
        target: int,
        partitioning: pb.Partitioning,
        target_input: int = 0,
        *,
        dead_letters: bool = False,
    ) -> pb.Edge:
        """Adds an edge between two operators, given by their ids."""
        number = len(self.graph.edges) + 1
        return self.graph.edges.add(
            id=number,
            source=source,
            target=target,
            input=target_input,
            partitioning=partitioning,
            dead_letters=dead_letters,
        )
