"""Saves what the operators of a task keep into its snapshot."""

from __future__ import annotations

from typing import Any

from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.errors import RecordError
from anabranch.operators.operator import Operator
from anabranch.records import Encoder, TypeRegistry
from anabranch.v1.control_pb2 import EncodedValues
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON


class StateSaver:
    """Saves operators, one after the other, into one snapshot."""

    def __init__(self, snapshot: NewSnapshot, types: TypeRegistry, n_groups: int) -> None:
        """Takes the snapshot.

        Args:
            snapshot: What takes the states.
            types: The types of the job.
            n_groups: Its number of key groups.
        """
        self._snapshot = snapshot
        self._encoder = Encoder(LANGUAGE_PYTHON, types)
        self._n_groups = n_groups

    def save_operator(self, operator: Operator) -> None:
        """Saves counters, what the engine keeps, by key and else, and what the function keeps.

        Raises:
            OperatorError: A user's function failed, or a value cannot be encoded.
        """
        message = self._snapshot.message
        engine, function = operator.save(message.number), operator.save_function()
        state = message.operators.add(
            operator_id=operator.operator_id,
            uid=operator.uid,
            records_in=operator.records_in,
            records_out=operator.records_out,
        )
        for keyed_state in operator.keyed_states:
            keyed = state.keyed.add(name=keyed_state.name)
            try:
                for group in keyed_state.save(self._encoder, self._n_groups):
                    entries = keyed.groups.add(key_group=group.key_group).entries
                    self._snapshot.put(entries, group.n, group.payload, group.schemas)
            except RecordError as error:
                raise operator.error() from _unsaved(error)
        if engine is not None:
            state.engine.SetInParent()
            self._put(state.engine, engine, operator)
        state.function.SetInParent()
        self._put(state.function, function, operator)

    def save_edge(self, edge: int, function: Operator) -> None:
        """Saves what the function of an edge keeps.

        Raises:
            OperatorError: As in `save_operator`.
        """
        values = function.save_function()
        self._put(self._snapshot.message.function_of_edge[edge], values, function)

    def _put(self, into: EncodedValues, values: list[Any], operator: Operator) -> None:
        if not values:
            return
        try:
            payload, schemas = self._encoder.encode(values)
        except RecordError as error:
            raise operator.error() from _unsaved(error)
        self._snapshot.put(into, len(values), payload, schemas)


def _unsaved(error: RecordError) -> TypeError:
    return TypeError(f"its state cannot be saved: {error}")
