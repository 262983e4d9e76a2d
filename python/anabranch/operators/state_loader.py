"""Gives the operators of a task back what a snapshot holds of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from anabranch.operators.operator import Operator
from anabranch.records import Decoder, TypeRegistry
from anabranch.v1.control_pb2 import EncodedValues, Snapshot
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON

# Returns the payload of values, wherever it is.
ReadPayload: TypeAlias = Callable[[EncodedValues], bytes]


def _of_message(values: EncodedValues) -> bytes:
    return values.payload


class StateLoader:
    """Loads operators, one after the other, from one snapshot."""

    def __init__(self, snapshot: Snapshot, types: TypeRegistry, read: ReadPayload = _of_message) -> None:
        """Takes the snapshot.

        Args:
            snapshot: What holds the states.
            types: The types of the job.
            read: Reads payloads; by default all are in the snapshot.
        """
        self._snapshot = snapshot
        self._decoder = Decoder(LANGUAGE_PYTHON, types)
        self._read = read
        self._states = {state.uid: state for state in snapshot.operators}

    def load_operator(self, operator: Operator) -> None:
        """Gives an operator its counters and its state back, if the snapshot has them.

        Raises:
            OperatorError: A user's function failed.
            CheckpointError: The state cannot be read.
        """
        state = self._states.get(operator.uid)
        if state is None:
            return
        operator.records_in, operator.records_out = state.records_in, state.records_out
        operator.load_function(self._values(state.function))
        by_name = {keyed.name: keyed for keyed in state.keyed}
        for keyed_state in operator.keyed_states:
            if keyed_state.name in by_name:
                for group in by_name[keyed_state.name].groups:
                    keyed_state.load(self._values(group.entries))
        if by_name:
            operator.keyed_states_loaded()
        if state.HasField("engine"):
            operator.load(self._values(state.engine))

    def load_edge(self, edge: int, function: Operator) -> None:
        """Gives the function of an edge back what it keeps, if the snapshot has it.

        Raises:
            OperatorError: As in `load_operator`; and CheckpointError.
        """
        if edge in self._snapshot.function_of_edge:
            function.load_function(self._values(self._snapshot.function_of_edge[edge]))

    def _values(self, encoded: EncodedValues) -> list[Any]:
        if not encoded.n:
            return []
        return self._decoder.decode(self._read(encoded), encoded.n, encoded.schemas)
