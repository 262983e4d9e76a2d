"""From frames to events: decoding, what was received before, what is left for later, alignment."""

from types import SimpleNamespace

import pytest

from anabranch.errors import ExchangeError, RecordError
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.decoding import EdgeDecoder, UnreadableRecordError
from anabranch.exchange.input.events import Barrier, EndOfInput, Records
from anabranch.exchange.input.reader import EventReader
from anabranch.exchange.wire.frames import Frame
from anabranch.records import Decoder, Encoder, TypeRegistry
from anabranch.records.batch import Batch
from anabranch.v1 import record_pb2 as record
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA
from anabranch.v1.record_pb2 import FrameHeader

EDGE = 9


class Gate:
    """Hands out what was put in, of channels 1 and 2."""

    def __init__(self) -> None:
        self.channels = [
            SimpleNamespace(channel=number, edge=EDGE, skip=0, ended=False, blocked=False) for number in (1, 2)
        ]
        self.frames = []  # with the channel, and how many of its records were received before

    @property
    def ended(self):
        return all(channel.ended for channel in self.channels)

    def next_frame(self):
        return self._take(lambda channel: not channel.blocked)

    def next_frame_of(self, number):
        return self._take(lambda channel: channel.channel == number)

    def _take(self, wanted):
        for each in self.frames:
            channel, frame, channel.skip = each
            if wanted(channel):
                self.frames.remove(each)
                return channel, frame
        return None

    def end(self, channel):
        channel.ended = True

    def block(self, channel):
        channel.blocked = True

    def unblock(self):
        for channel in self.channels:
            channel.blocked = False

    def unread(self):
        return []

    # what the test puts in

    def records(self, number, values, *, keys=None, first=0, skip=0):
        payload, schemas = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode(values, keys)
        header = FrameHeader(
            channel=number, first_record_seq=first, n_records=len(values), has_keys=keys is not None, schemas=schemas
        )
        self.frames.append((self.channels[number - 1], Frame(header, payload), skip))

    def control(self, number, **kind):
        self.frames.append((self.channels[number - 1], Frame(FrameHeader(channel=number, **kind), b""), 0))

    def barrier(self, channel, number):
        self.control(channel, barrier=record.Barrier(number=number))

    def end_of_input(self, channel):
        self.control(channel, end_of_input=record.EndOfInput())


@pytest.fixture
def gate():
    return Gate()


def reader_of(gate, *, blocks=True, checkpoints=True):
    decoders = {EDGE: EdgeDecoder("before", Decoder(LANGUAGE_JAVA, TypeRegistry()))}
    return EventReader(gate, decoders, BarrierAligner(0, blocks=blocks) if checkpoints else None)


def all_of(reader):
    events = []
    while (event := reader.next()) is not None:
        events.append(event)
    return events


def test_records_come_with_their_keys_and_their_place_on_the_channel(gate):
    gate.records(1, [1, 2, 3], keys=["a", "b", "c"], first=40)
    gate.records(2, [4])

    assert [Records(1, EDGE, 40, Batch([1, 2, 3], ["a", "b", "c"])), Records(2, EDGE, 0, Batch([4]))] == all_of(
        reader_of(gate)
    )


def test_records_that_were_received_before_are_left_out(gate):
    gate.records(1, [1, 2, 3], keys=["a", "b", "c"], first=40, skip=2)
    gate.records(1, [4, 5], keys=["d", "e"], first=43, skip=2)
    gate.records(1, [6], keys=["f"], first=45)

    assert [Records(1, EDGE, 42, Batch([3], ["c"])), Records(1, EDGE, 45, Batch([6], ["f"]))] == all_of(reader_of(gate))


def test_no_more_records_come_at_once_than_are_wanted_and_the_others_come_next(gate):
    reader = reader_of(gate)
    reader.most = 2
    gate.records(1, [1, 2, 3, 4, 5], first=10)
    gate.records(2, [6])

    assert [
        Records(1, EDGE, 10, Batch([1, 2])),
        Records(1, EDGE, 12, Batch([3, 4])),
        Records(1, EDGE, 14, Batch([5])),
        Records(2, EDGE, 0, Batch([6])),
    ] == all_of(reader)


def test_of_a_channel_that_is_asked_for_come_as_many_as_are_wanted_of_it(gate):
    reader = reader_of(gate)
    gate.records(2, [0])
    gate.records(1, [1, 2, 3])
    gate.records(1, [4], first=3)

    assert [1, 2] == reader.next_of(1, 2).batch.values
    assert [3] == reader.next_of(1, 9).batch.values
    assert [4] == reader.next_of(1, 9).batch.values
    assert reader.next_of(1, 9) is None
    assert [0] == reader.next().batch.values


def test_what_is_left_of_a_frame_is_unread(gate):
    reader = reader_of(gate)
    reader.most = 3
    gate.records(1, [1, 2, 3, 4, 5], first=10, skip=1)

    assert [2, 3, 4] == reader.next().batch.values
    (unread,) = reader.unread()
    assert (4, 10, 5) == (unread.skip, unread.header.first_record_seq, unread.header.n_records)


def test_a_channel_that_has_met_the_barrier_waits_for_the_others(gate):
    reader = reader_of(gate)
    gate.barrier(1, 7)
    gate.records(1, ["after"])
    gate.records(2, ["before"])
    gate.barrier(2, 7)

    assert Barrier(1, 7, None) == reader.next()
    assert 7 == reader.aligning
    assert ["before"] == reader.next().batch.values
    assert Barrier(2, 7, 7) == reader.next()
    assert reader.next() is None
    reader.enter_epoch(7)
    assert ["after"] == reader.next().batch.values


def test_an_aligner_that_does_not_block_holds_nothing_back(gate):
    reader = reader_of(gate, blocks=False)
    gate.barrier(1, 7)
    gate.records(1, ["after"])
    gate.barrier(2, 7)

    assert [Barrier(1, 7, None), Records(1, EDGE, 0, Batch(["after"])), Barrier(2, 7, 7)] == all_of(reader)


def test_a_later_barrier_gives_up_the_one_that_is_waited_for(gate):
    reader = reader_of(gate)
    gate.barrier(1, 7)
    gate.barrier(2, 8)
    gate.records(1, ["between"])
    gate.barrier(1, 8)

    assert [None, None] == [reader.next().aligned, reader.next().aligned]
    assert ["between"] == reader.next().batch.values
    assert Barrier(1, 8, 8) == reader.next()


def test_the_end_of_a_channel_may_complete_the_alignment_and_the_last_end_needs_none(gate):
    reader = reader_of(gate)
    gate.barrier(1, 7)
    gate.end_of_input(2)

    assert [Barrier(1, 7, None), EndOfInput(2, 7)] == all_of(reader)
    reader.enter_epoch(7)
    gate.barrier(1, 8)
    assert Barrier(1, 8, 8) == reader.next()
    gate.unblock()
    gate.end_of_input(1)
    assert EndOfInput(1, None) == reader.next()
    assert reader.ended


@pytest.mark.parametrize(
    ("kind", "checkpoints"), [({"watermark": {}}, True), ({"barrier": {"number": 1}}, False)], ids=str
)
def test_a_frame_that_nobody_expects_is_an_error_of_the_exchange(gate, kind, checkpoints):
    gate.control(1, **kind)

    with pytest.raises(ExchangeError, match=f"channel 1: .* {next(iter(kind))}"):
        reader_of(gate, checkpoints=checkpoints).next()


class Refusing:
    """Decodes the first frame, and not the second record of the next one."""

    def __init__(self) -> None:
        self.results = [[1, 2, 3]]

    def decode(self, _payload, _n, _schemas):
        if self.results:
            return self.results.pop()
        raise RecordError("unknown", index=1)


def test_a_record_that_cannot_be_decoded_is_named_by_its_position_on_the_edge(gate):
    gate.records(1, [1, 2, 3])
    gate.records(2, [4, 5])
    reader = EventReader(gate, {EDGE: EdgeDecoder("before", Refusing())}, None)

    reader.next()
    with pytest.raises(UnreadableRecordError) as caught:
        reader.next()
    assert ("before", 4) == (caught.value.producer, caught.value.position)
    assert isinstance(caught.value.__cause__, RecordError)
