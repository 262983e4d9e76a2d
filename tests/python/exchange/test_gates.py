"""An output gate and an input gate over real sockets, on one thread."""

import pytest

from anabranch.errors import ExchangeError
from anabranch.exchange.acceptor import Acceptor
from anabranch.exchange.addresses import Transport
from anabranch.exchange.input_gate import ConsumerIdentity, InputChannel, InputGate
from anabranch.exchange.output_channel import OutputChannel
from anabranch.exchange.output_gate import BatchLimits, EmitError, OutputEdge, OutputGate
from anabranch.exchange.partitioners import Single
from anabranch.exchange.reactor import Reactor
from anabranch.records import Decoder, Encoder, TypeRegistry
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, FrameHeader

TOKEN = bytes(32)
MAX_FRAME = 1 << 20


class Pair:
    """One producer and one consumer."""

    def __init__(self, directory, *, send_queue_bytes: int = 1 << 16, incarnation: int = 0) -> None:
        self.reactor = Reactor()
        self.transport = Transport("unix", str(directory), "", 1 << 14)
        self.limits = BatchLimits(64, 1 << 12, MAX_FRAME, send_queue_bytes)
        self.channel = OutputChannel(7, self.reactor, incarnation)
        self.edge = OutputEdge(
            1, [self.channel], Single(), Encoder(LANGUAGE_JAVA, TypeRegistry()), broadcast=False, carries_keys=False,
            consumer="next", limits=self.limits, wait_until=self.drain,
        )  # fmt: skip
        self.output = OutputGate([self.edge])
        (listener,), self.endpoint = self.transport.listen("t1-0")
        self.acceptor = Acceptor(
            self.reactor, listener, self.transport, token=TOKEN, timeout=5, admit=self.output.admit
        )
        self.received: list = []
        self.sizes: list[int] = []  # of the frames
        self.ahead: list[int] = []  # after each frame, how many records were sent and not received
        self.seconds_per_record = 1e-6
        self.input = self.new_input()

    def new_input(self, incarnation: int = 0) -> InputGate:
        identity = ConsumerIdentity("job", TOKEN, incarnation)
        return InputGate(self.reactor, self.transport, identity, [InputChannel(7, 1, MAX_FRAME)])

    def want_all(self) -> None:
        """Has the producer go on without waiting for the consumer."""
        for _ in range(20):
            self.input.demand_more()
        self.reactor.poll(1)

    @property
    def sent(self) -> int:
        """How many records the producer has put on the channel."""
        return self.channel._next_record_seq

    def connect(self, producer_incarnation: int = 0) -> None:
        self.input.connect(7, self.endpoint, producer_incarnation)
        assert self.reactor.poll_until(lambda: self.input.connected, timeout=20)

    def take(self) -> None:
        decoder = Decoder(LANGUAGE_JAVA, TypeRegistry())
        while (got := self.input.next_frame()) is not None:
            channel, frame = got
            if frame.header.WhichOneof("control") == "end_of_input":
                self.input.end(channel)
            else:
                n = frame.header.n_records
                self.received += decoder.decode(frame.payload, n, frame.header.schemas)
                self.sizes.append(n)
                self.ahead.append(self.sent - len(self.received))
                self.input.took(channel, n, n * self.seconds_per_record)

    def drain(self, condition) -> None:
        while not condition():
            self.take()
            self.reactor.poll(0.01)

    def close(self) -> None:
        self.acceptor.close()
        self.input.close()
        self.output.close()
        self.reactor.close()


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def test_records_arrive_in_order_and_the_end_is_acknowledged(pair):
    pair.edge.emit(list(range(100)), None)  # before anybody has come
    pair.connect()
    pair.edge.emit(list(range(100, 5000)), None)
    pair.edge.end()

    pair.drain(lambda: pair.output.finished)

    assert list(range(5000)) == pair.received
    assert pair.input.ended


def test_emit_waits_for_room_so_that_the_queue_stays_bounded(tmp_path):
    pair = Pair(tmp_path, send_queue_bytes=1000)
    pair.connect()
    longest = 0
    for start in range(0, 20_000, 100):
        pair.edge.emit([f"record {n}" for n in range(start, start + 100)], None)
        longest = max(longest, pair.channel.queued_bytes)
    pair.edge.end()
    pair.drain(lambda: pair.output.finished)
    pair.close()

    assert 20_000 == len(pair.received)
    assert longest <= 1000


def test_a_record_larger_than_a_frame_is_refused_and_a_batch_larger_than_a_frame_is_cut(pair):
    pair.connect()
    big = [bytes([n]) * 300_000 for n in range(12)]  # 3.6 MB in one batch, a frame may have 1 MiB
    pair.edge.emit(big, None)
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 12)
    assert big == pair.received

    with pytest.raises(EmitError) as caught:
        pair.edge.emit([b"x" * MAX_FRAME], None)
    assert "max-frame-bytes" in str(caught.value.__cause__)


def test_an_unknown_channel_is_refused(pair):
    reply = pair.output.admit(ConnectRequest(channel=8), None)

    assert ConnectReply.STATUS_UNKNOWN_CHANNEL == reply.status


def test_an_old_incarnation_of_either_side_is_fenced(tmp_path):
    pair = Pair(tmp_path, incarnation=2)
    pair.input = pair.new_input(incarnation=5)
    pair.connect(producer_incarnation=2)

    assert (
        ConnectReply.STATUS_FENCED
        == pair.channel.admit(ConnectRequest(channel=7, incarnation=4, producer_incarnation=2), None).status
    )
    assert (
        ConnectReply.STATUS_FENCED
        == pair.channel.admit(ConnectRequest(channel=7, incarnation=6, producer_incarnation=1), None).status
    )
    pair.close()


def test_frames_that_are_gone_cannot_be_asked_for(pair):
    reply = pair.channel.admit(ConnectRequest(channel=7, next_seq=3), None)

    assert ConnectReply.STATUS_GONE == reply.status


def test_a_gap_between_frames_is_an_error(pair):
    pair.connect()
    pair.channel._next_seq = 5
    pair.channel.send(FrameHeader(n_records=0), b"")

    with pytest.raises(ExchangeError, match="expected frame 0, got 5"):
        pair.drain(lambda: False)


def test_what_is_read_ahead_up_to_the_end_goes_into_another_gate(pair):
    pair.connect()
    pair.want_all()
    pair.edge.emit(list(range(100)), None)
    pair.output.end()
    first = pair.input.next_frame()
    assert first is not None

    while not pair.input.read_ahead(None):
        pair.reactor.poll(1)
    unread = pair.input.unread()
    pair.input.close()
    pair.input = pair.new_input()
    pair.input.restore(unread)
    pair.take()

    assert pair.received == list(range(first[1].header.n_records, 100))
    assert pair.input.ended


def test_no_more_is_read_ahead_than_may_be_in_memory(pair):
    pair.connect()
    pair.want_all()
    pair.edge.emit(list(range(5000)), None)
    pair.output.end()

    for _ in range(20):
        assert not pair.input.read_ahead(1000)
        pair.reactor.poll(0.01)

    assert sum(len(frame.payload) for frame in pair.input.unread()) < 1000 + MAX_FRAME
    pair.drain(lambda: pair.input.ended)
    assert pair.received == list(range(5000))


def test_ahead_of_a_slow_consumer_there_is_half_a_second_of_work_in_small_frames(pair):
    pair.connect()
    pair.seconds_per_record = 0.01
    pair.edge.emit(list(range(1000)), None)
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 1000)

    assert max(pair.ahead[10:]) <= 50
    assert max(pair.sizes[10:]) <= 5


def test_a_consumer_that_has_become_quick_gets_large_frames_again(pair):
    pair.connect()
    pair.seconds_per_record = 0.1
    pair.edge.emit(list(range(100)), None)
    pair.drain(lambda: len(pair.received) == 100)
    pair.sizes.clear()
    pair.seconds_per_record = 1e-6

    pair.edge.emit(list(range(10_000)), None)
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 10_100)

    assert max(pair.sizes) == 64  # as much as the limits allow


def test_a_consumer_that_leaves_holds_nobody_up(pair):
    pair.connect()
    pair.edge.emit(list(range(15)), None)
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 15)
    pair.input.close()

    pair.drain(lambda: not pair.output.full)


def test_a_consumer_that_waits_for_one_channel_can_have_its_producers_go_further(pair):
    pair.connect()
    while not pair.output.full:
        pair.channel.send(FrameHeader(n_records=8), b"")
    limit = pair.sent

    pair.input.demand_more()

    assert pair.reactor.poll_until(lambda: not pair.output.full, timeout=20)
    while not pair.output.full:
        pair.channel.send(FrameHeader(n_records=8), b"")
    assert limit < pair.sent
