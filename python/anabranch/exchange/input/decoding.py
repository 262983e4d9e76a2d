"""From the payload of a frame to records."""

from __future__ import annotations

from anabranch.errors import RecordError
from anabranch.exchange.wire.frames import Frame
from anabranch.records import Decoder
from anabranch.records.batch import Batch


class UnreadableRecordError(Exception):
    """A record cannot be decoded. The `RecordError` is the `__cause__`.

    Attributes:
        producer: The operator that it comes from.
        position: How many records came before it on the edge.
    """

    def __init__(self, producer: str, position: int) -> None:
        super().__init__(f"record {position} from operator {producer} cannot be decoded")
        self.producer = producer
        self.position = position


class EdgeDecoder:
    """Decodes the frames of one input edge."""

    def __init__(self, producer: str, decoder: Decoder) -> None:
        self._producer = producer
        self._decoder = decoder
        self._records = 0

    def decode(self, frame: Frame) -> Batch:
        """Returns the records of a frame, with their keys if it has them.

        Raises:
            UnreadableRecordError: One of them cannot be decoded.
        """
        header = frame.header
        n = header.n_records
        try:
            records = self._decoder.decode(frame.payload, 2 * n if header.has_keys else n, header.schemas)
        except RecordError as error:
            position = self._records + max(0, error.index) % max(1, n)  # keys count first
            raise UnreadableRecordError(self._producer, position) from error
        self._records += n
        return Batch(records[n:], records[:n]) if header.has_keys else Batch(records)
