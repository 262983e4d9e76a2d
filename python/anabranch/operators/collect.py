"""collect: sends each record to the client that runs the job."""

from __future__ import annotations

from collections.abc import Callable

from anabranch.errors import RecordError
from anabranch.operators.operator import Operator, Results
from anabranch.records import Encoder
from anabranch.records.batch import Batch
from anabranch.v1.record_pb2 import FrameHeader

# Sends (operator id, header, payload); blocks while too much of it is unacknowledged.
SendCollected = Callable[[int, FrameHeader, bytes], None]


class CollectOperator(Operator):
    """Encodes batches for the client and hands them to the worker's control stream, in order."""

    def __init__(self, operator_id: int, name: str, encoder: Encoder, send: SendCollected) -> None:
        super().__init__(operator_id, name)
        self._encoder = encoder
        self._send = send

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        try:
            payload, schemas = self._encoder.encode(values)
        except RecordError as error:
            raise self.failure(values, max(0, error.index)) from error
        self.records_in += len(values)
        self._send(self.operator_id, FrameHeader(n_records=len(values), schemas=schemas), payload)
        return None
