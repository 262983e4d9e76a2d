"""Builds the protobuf job graph, operator by operator."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from anabranch.graph.origin import caller_origin
from anabranch.graph.uids import generated_name
from anabranch.v1 import graph_pb2 as pb

# What streams may change of an operator that was added.
_SETTINGS: Final[tuple[Literal["name", "uid", "parallelism", "chainable", "config", "resources"], ...]] = (
    "name",
    "uid",
    "parallelism",
    "chainable",
    "config",
    "resources",
)


@dataclass(frozen=True)
class Savepoint:
    """What a graph was at one time.

    Attributes:
        operators: The settings of each operator, by its id. Its function and its inputs never change.
    """

    operators: dict[int, pb.Operator]


class GraphBuilder:
    """A job graph that grows. Numbers operators and edges, and names operators after their kind."""

    def __init__(self) -> None:
        self.graph = pb.JobGraph()
        self._operators: dict[int, pb.Operator] = {}  # the very objects that `add_operator` has returned

    def add_operator(
        self,
        kind: pb.OperatorKind,
        language: pb.Language,
        parallelism: int,
        function: pb.FunctionDescriptor | None = None,
    ) -> pb.Operator:
        """Adds an operator; returns it, to be changed in place."""
        number = self.graph.operators[-1].id + 1 if self.graph.operators else 1
        operator = self.graph.operators.add(
            id=number,
            name=generated_name(kind, number),
            kind=kind,
            language=language,
            parallelism=parallelism,
            chainable=True,
            origin=caller_origin(),
        )
        if function is not None:
            operator.function.CopyFrom(function)
        self._operators[number] = operator
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
        number = self.graph.edges[-1].id + 1 if self.graph.edges else 1
        return self.graph.edges.add(
            id=number,
            source=source,
            target=target,
            input=target_input,
            partitioning=partitioning,
            dead_letters=dead_letters,
        )

    def has(self, operator: pb.Operator) -> bool:
        """Returns whether an operator that was added is still part of the graph."""
        return self._operators.get(operator.id) is operator

    def savepoint(self) -> Savepoint:
        """Returns what `roll_back` needs to undo what comes from now on."""
        return Savepoint({number: _settings(operator) for number, operator in self._operators.items()})

    def roll_back(self, savepoint: Savepoint) -> None:
        """Takes away the operators that were added since, and the settings that others were given since."""
        self.remove(self._operators.keys() - savepoint.operators.keys())
        for number, operator in self._operators.items():
            for field in _SETTINGS:
                operator.ClearField(field)
            operator.MergeFrom(savepoint.operators[number])

    def remove(self, numbers: Collection[int]) -> None:
        """Takes operators away, by their ids, and all that lie downstream of them."""
        removed = set(numbers)
        for edge in self.graph.edges:  # in the order in which they were added: upstream first
            if edge.source in removed:
                removed.add(edge.target)
        for index in reversed(range(len(self.graph.edges))):
            if self.graph.edges[index].target in removed:
                del self.graph.edges[index]
        for index in reversed(range(len(self.graph.operators))):
            if self.graph.operators[index].id in removed:
                del self._operators[self.graph.operators[index].id], self.graph.operators[index]


def _settings(operator: pb.Operator) -> pb.Operator:
    return pb.Operator(**{field: getattr(operator, field) for field in _SETTINGS})
