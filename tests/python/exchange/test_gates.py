"""An output gate and an input gate over real sockets, on one thread."""

import socket

import pytest

from anabranch.errors import ExchangeError
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ConsumerIdentity, InputChannel
from anabranch.exchange.input.gate import InputGate
from anabranch.exchange.output.channel import OutputChannel
from anabranch.exchange.output.edge_writer import EdgeWriter, EmitError
from anabranch.exchange.output.gate import OutputGate
from anabranch.exchange.output.partitioners import Single
from anabranch.exchange.output.pending_batch import BatchLimits
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.frames import frame_head
from anabranch.exchange.wire.handshake import ProducerHandshakes
from anabranch.records import Decoder, Encoder, TypeRegistry
from anabranch.records.batch import Batch
from anabranch.v1.control_pb2 import Endpoint
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, FrameHeader

TOKEN = bytes(32)
MAX_FRAME = 1 << 20


class Pair:
    """One producer and one consumer."""

    def __init__(self, directory, *, send_queue_bytes: int = 1 << 16, incarnation: int = 0) -> None:
        self.event_loop = EventLoop()
        self.transport = Transport("unix", str(directory), "", 1 << 14)
        self.limits = BatchLimits(64, 1 << 12, MAX_FRAME, send_queue_bytes)
        self.channel = OutputChannel(7, self.event_loop, incarnation)
        self.edge = EdgeWriter(
            1, [self.channel], Single(), Encoder(LANGUAGE_JAVA, TypeRegistry()), broadcast=False, carries_keys=False,
            consumer="next", limits=self.limits, wait_until=self.drain,
        )  # fmt: skip
        self.output = OutputGate([self.edge])
        (listener,), self.endpoint = self.transport.listen("t1-0")
        self.acceptor = Acceptor(
            self.event_loop,
            listener,
            self.transport,
            handshakes=ProducerHandshakes(TOKEN, self.endpoint.nonce),
            timeout=5,
            admit=self.output.admit,
        )
        self.received: list = []
        self.sizes: list[int] = []  # of the frames
        self.ahead: list[int] = []  # after each frame, how many records were sent and not received
        self.seconds_per_record = 1e-6
        self.input = self.new_input()

    def new_input(self, incarnation: int = 0) -> InputGate:
        identity = ConsumerIdentity("job", TOKEN, incarnation)
        return InputGate(self.event_loop, self.transport, identity, [InputChannel(7, 1, MAX_FRAME)])

    def want_all(self) -> None:
        """Has the producer go on without waiting for the consumer."""
        for _ in range(20):
            self.input.demand_more()
        self.event_loop.poll(1)

    @property
    def sent(self) -> int:
        """How many records the producer has put on the channel."""
        return self.channel._next_record_seq

    def connect(self, producer_incarnation: int = 0) -> None:
        self.input.connect(7, self.endpoint, producer_incarnation)
        assert self.event_loop.poll_until(lambda: self.input.connected, timeout=20)

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
            self.event_loop.poll(0.01)

    def close(self) -> None:
        self.acceptor.close()
        self.input.close()
        self.output.close()
        self.event_loop.close()


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def test_records_arrive_in_order_and_the_end_is_acknowledged(pair):
    pair.edge.emit(Batch(list(range(100))))  # before anybody has come
    pair.connect()
    pair.edge.emit(Batch(list(range(100, 5000))))
    pair.edge.end()

    pair.drain(lambda: pair.output.finished)

    assert list(range(5000)) == pair.received
    assert pair.input.ended


def test_emit_waits_for_room_so_that_the_queue_stays_bounded(tmp_path):
    pair = Pair(tmp_path, send_queue_bytes=1000)
    pair.connect()
    longest = 0
    for start in range(0, 20_000, 100):
        pair.edge.emit(Batch([f"record {n}" for n in range(start, start + 100)]))
        longest = max(longest, pair.channel.queued_bytes)
    pair.edge.end()
    pair.drain(lambda: pair.output.finished)
    pair.close()

    assert 20_000 == len(pair.received)
    assert longest <= 1000


def test_a_record_larger_than_a_frame_is_refused_and_a_batch_larger_than_a_frame_is_cut(pair):
    pair.connect()
    big = [bytes([n]) * 300_000 for n in range(12)]  # 3.6 MB in one batch, a frame may have 1 MiB
    pair.edge.emit(Batch(big))
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 12)
    assert big == pair.received

    with pytest.raises(EmitError) as caught:
        pair.edge.emit(Batch([b"x" * MAX_FRAME]))
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


class Decodes:
    """Notes that its pickle was loaded."""

    loaded = False

    def __reduce__(self):
        return setattr, (Decodes, "loaded", True)


def test_a_listener_without_the_secret_learns_nothing_of_it_and_is_not_believed(pair, tmp_path):
    """Somebody has bound the address of a former producer, and answers as if nothing had happened."""
    path = str(tmp_path / "taken")
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(path)
        impostor.listen()
        impostor.settimeout(30)
        pair.input.connect(7, Endpoint(unix_path=path, nonce=pair.endpoint.nonce), 0)
        pair.event_loop.poll(0)
        consumer, _ = impostor.accept()
        with consumer:
            heard = consumer.recv(1 << 16)
            reply = ConnectReply(status=ConnectReply.STATUS_OK)
            forged = ProducerHandshakes(bytes(range(32)), pair.endpoint.nonce)
            consumer.sendall(forged.encode_reply(heard[4:36], heard[72:], reply))
            header = FrameHeader(channel=7, n_records=1)
            payload, header_schemas = Encoder(LANGUAGE_PYTHON, TypeRegistry()).encode([Decodes()], None)
            header.schemas.extend(header_schemas)
            consumer.sendall(frame_head(header, len(payload)) + payload)
            for _ in range(5):
                pair.event_loop.poll(0.01)
                assert pair.input.next_frame() is None

    assert TOKEN not in heard
    assert not pair.input.connected
    assert not Decodes.loaded
    pair.connect()  # to the true one
    assert pair.input.connected


def test_while_one_channel_is_awaited_the_others_do_not_wake_up_the_task(tmp_path):
    pairs = [Pair(tmp_path / name) for name in ("a", "b") if not (tmp_path / name).mkdir()]
    one, other = pairs
    gate = InputGate(
        one.event_loop,
        one.transport,
        ConsumerIdentity("job", TOKEN, 0),
        [InputChannel(7, 1, MAX_FRAME), InputChannel(8, 1, MAX_FRAME)],
    )
    other.channel.channel = 8
    other.output = OutputGate([other.edge])
    gate.connect(7, one.endpoint, 0)
    gate.connect(8, other.endpoint, 0)
    other.acceptor._admit = other.output.admit
    while not gate.connected:
        one.event_loop.poll(0.01)
        other.event_loop.poll(0.01)
    other.edge.emit(Batch([1]))
    other.edge.flush()
    assert gate.next_frame_of(7) is None

    events = []
    select = one.event_loop._selector.select
    one.event_loop._selector.select = lambda timeout: events.append(select(timeout)) or events[-1]
    for _ in range(3):
        one.event_loop.poll(0.01)
        assert gate.next_frame_of(7) is None
    assert [[]] * 3 == events, "nothing of channel 8"

    assert one.event_loop.poll_until(lambda: gate.next_frame() is not None, timeout=20)
    gate.close()
    for pair in pairs:
        pair.close()


def test_a_gap_between_frames_is_an_error(pair):
    pair.connect()
    pair.channel._next_seq = 5
    pair.channel.send(FrameHeader(n_records=0), b"")

    with pytest.raises(ExchangeError, match="expected frame 0, got 5"):
        pair.drain(lambda: False)


def test_what_is_read_ahead_up_to_the_end_goes_into_another_gate(pair):
    pair.connect()
    pair.want_all()
    pair.edge.emit(Batch(list(range(100))))
    pair.output.end()
    first = pair.input.next_frame()
    assert first is not None

    while not pair.input.read_ahead(None):
        pair.event_loop.poll(1)
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
    pair.edge.emit(Batch(list(range(5000))))
    pair.output.end()

    for _ in range(20):
        assert not pair.input.read_ahead(1000)
        pair.event_loop.poll(0.01)

    assert sum(len(frame.payload) for frame in pair.input.unread()) < 1000 + MAX_FRAME
    pair.drain(lambda: pair.input.ended)
    assert pair.received == list(range(5000))


def test_ahead_of_a_slow_consumer_there_is_half_a_second_of_work_in_small_frames(pair):
    pair.connect()
    pair.seconds_per_record = 0.01
    pair.edge.emit(Batch(list(range(1000))))
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 1000)

    assert max(pair.ahead[10:]) <= 50
    assert max(pair.sizes[10:]) <= 5


def test_a_consumer_that_has_become_quick_gets_large_frames_again(pair):
    pair.connect()
    pair.seconds_per_record = 0.1
    pair.edge.emit(Batch(list(range(100))))
    pair.drain(lambda: len(pair.received) == 100)
    pair.sizes.clear()
    pair.seconds_per_record = 1e-6

    pair.edge.emit(Batch(list(range(10_000))))
    pair.edge.flush()
    pair.drain(lambda: len(pair.received) == 10_100)

    assert max(pair.sizes) == 64  # as much as the limits allow


def test_a_consumer_that_leaves_holds_nobody_up(pair):
    pair.connect()
    pair.edge.emit(Batch(list(range(15))))
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

    assert pair.event_loop.poll_until(lambda: not pair.output.full, timeout=20)
    while not pair.output.full:
        pair.channel.send(FrameHeader(n_records=8), b"")
    assert limit < pair.sent
