"""A snapshot that is being taken."""

from __future__ import annotations

from collections.abc import Sequence

from anabranch.v1 import control_pb2 as control
from anabranch.v1.record_pb2 import Schema


class NewSnapshot:
    """A snapshot, and beside it the payloads of its values, which go into the message or into a state file.

    The message is built in place: to copy it takes as long as to encode it, and as much memory.

    Attributes:
        message: The snapshot; its values have no payloads yet.
        payloads: The values that have one, with it.
    """

    def __init__(self, number: int) -> None:
        """Begins the snapshot of a checkpoint."""
        self.message = control.Snapshot(number=number)
        self.payloads: list[tuple[control.EncodedValues, bytes]] = []

    @staticmethod
    def of(message: control.Snapshot) -> NewSnapshot:
        """Returns one that is complete already: a task that had ended reports it once more."""
        snapshot = NewSnapshot(message.number)
        snapshot.message = message
        return snapshot

    @property
    def payload_bytes(self) -> int:
        """The size of all payloads."""
        return sum(len(payload) for _, payload in self.payloads)

    def put(self, into: control.EncodedValues, n: int, payload: bytes, schemas: Sequence[Schema]) -> None:
        """Sets values that are a part of the message; their payload stays beside it."""
        into.n = n
        into.schemas.extend(schemas)
        self.payloads.append((into, payload))

    def put_payloads_into_message(self) -> None:
        """Completes the message."""
        for values, payload in self.payloads:
            values.payload = payload
        self.payloads = []
