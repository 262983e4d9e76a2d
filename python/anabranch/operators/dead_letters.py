"""What a task sends of the records at which the function of its last operator fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anabranch.exchange.output.edge_writer import EdgeWriter
from anabranch.operators.operator import OperatorError
from anabranch.records import Encoder, TypeRegistry
from anabranch.records.batch import Batch
from anabranch.text import LONGEST_MESSAGE, class_name, message_of, shown
from anabranch.v1.graph_pb2 import Language


class DeadLetters:
    """Sends a dead letter, a dict, on each of these edges for every failure."""

    def __init__(self, subtask: int, edges: Sequence[tuple[EdgeWriter, Language]], types: TypeRegistry) -> None:
        """Takes the parallel index of the task, and the edges with the languages of their consumers."""
        self._subtask = subtask
        self._edges = [(edge, Encoder(language, types)) for edge, language in edges]

    def __call__(self, failure: OperatorError) -> None:
        """Sends what failed; may wait until the consumers can take more."""
        cause = failure if failure.__cause__ is None else failure.__cause__
        letter = {
            "operator": failure.operator,
            "subtask": self._subtask,
            "record": failure.record,
            "error": _error_of(cause),
        }
        for edge, encoder in self._edges:
            edge.emit(Batch([_that_can_cross(letter, encoder)]))


def _that_can_cross(letter: dict[str, Any], encoder: Encoder) -> dict[str, Any]:
    """Returns the letter, with its record as text if the consumer's language has nothing for it."""
    try:
        encoder.encode([letter])
    except Exception:  # noqa: BLE001 - encoding may call methods of the record
        return {**letter, "record": shown(letter["record"], LONGEST_MESSAGE)}
    return letter


def _error_of(error: BaseException) -> str:
    message = message_of(error)
    return f"{class_name(error)}: {message}" if message else class_name(error)
