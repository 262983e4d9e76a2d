"""A logged channel over real sockets: determinants that fit into no frame, and logs that a producer asks for."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ConsumerIdentity
from anabranch.exchange.input.gate import InputGate
from anabranch.exchange.input.logged_channel import LoggedInputChannel
from anabranch.exchange.output.logged_channel import LoggedOutputChannel
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.handshake import ProducerHandshakes
from anabranch.exchange.wire.log_transfer import LogReceiver, log_messages
from anabranch.replay.determinants import DeterminantLog, HeldLogs, Piggyback, piece_bytes
from anabranch.replay.inflight_log import InFlightLog, SpillBudget
from anabranch.v1.control_pb2 import ChannelPosition
from anabranch.v1.record_pb2 import ConnectReply, Determinant, FrameHeader, LogDelta

TOKEN = bytes(range(32))
PRODUCER = 1
MAX_FRAME = 10_000


def answer(number: int, size: int) -> Determinant:
    return Determinant(value=Determinant.Value(encoded=number.to_bytes(4, "big") + bytes(size)))


def entries_of(held: HeldLogs, task: int = PRODUCER) -> list[Determinant]:
    return [entry for entries in held.log_of(task).values() for entry in entries]


class Logs:
    """What a task shares on its only channel."""

    epoch = 0

    def __init__(self, wanted: ConnectReply | None) -> None:
        self.wanted = wanted
        self.own = DeterminantLog()
        self.recovered = HeldLogs()
        self.piggyback = Piggyback()

    def begin(self) -> None:
        self.piggyback.reset(0)

    def deltas(self) -> tuple[list[LogDelta], bool]:
        return self.piggyback.deltas(PRODUCER, self.own, HeldLogs(), piece_bytes(MAX_FRAME))

    @property
    def due_bytes(self) -> int:
        return self.piggyback.due_bytes(self.own)

    def merge(self, delta: LogDelta) -> None:
        self.recovered.merge(delta)


class Pair:
    """A producer and a consumer on one thread."""

    def __init__(self, directory, held: HeldLogs, wanted: ConnectReply | None = None) -> None:
        self.event_loop, self.held, self.logs = EventLoop(), held, Logs(wanted)
        transport = Transport("unix", str(directory), "", 1 << 14)
        position = ChannelPosition(channel=7)
        log = InFlightLog(SpillBudget(1 << 30, str(directory)))
        self.channel = LoggedOutputChannel(position, self.event_loop, 0, log, logs=self.logs, max_frame_bytes=MAX_FRAME)
        (listener,), self.endpoint = transport.listen("t")
        self.acceptor = Acceptor(
            self.event_loop,
            listener,
            transport,
            handshakes=ProducerHandshakes(TOKEN, self.endpoint.nonce),
            timeout=30,
            admit=self.channel.admit,
        )
        channels = [LoggedInputChannel(position, 1, MAX_FRAME, held)]
        self.input = InputGate(self.event_loop, transport, ConsumerIdentity("job", TOKEN, 0), channels)
        self.received: list[bytes] = []

    def connect(self) -> None:
        self.input.connect(7, self.endpoint, 0)
        assert self.event_loop.poll_until(lambda: self.input.connected and self.channel.connected, timeout=60)

    def send(self, payload: bytes) -> None:
        self.channel.send(FrameHeader(n_records=1), payload)

    def drain(self, n: int) -> None:
        for _ in range(10_000):
            while (got := self.input.next_frame()) is not None:
                self.received.append(got[1].payload)
            if len(self.received) >= n:
                return
            self.event_loop.poll(0.05)
        raise AssertionError("the frames did not come")

    def close(self) -> None:
        self.acceptor.close()
        self.input.close()
        self.channel.close()
        self.event_loop.close()


@pytest.fixture
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("sockets")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
def test_no_frame_comes_before_the_determinants_that_were_logged_before_it(tmp_path_factory, seed):
    rng = random.Random(seed)
    pair = Pair(tmp_path_factory.mktemp("s"), HeldLogs())
    if rng.random() < 0.5:
        pair.connect()
    logged_before: list[int] = []
    entries: list[Determinant] = []
    for number in range(rng.randint(1, 12)):
        for _ in range(rng.choice([0, 0, 1, 3, 40])):
            entries.append(answer(len(entries), rng.choice([1, 100, 3000, 9000])))
            pair.logs.own.append(entries[-1])
        logged_before.append(len(entries))
        pair.send(bytes([number]) * rng.choice([1, 500, 9000]))
        if rng.random() < 0.3:
            pair.event_loop.poll(0)
    pair.connect()
    for n, before in enumerate(logged_before, start=1):
        pair.drain(n)
        assert len(entries_of(pair.held)) >= before
    assert entries == entries_of(pair.held)
    assert list(range(len(logged_before))) == [payload[0] for payload in pair.received]
    pair.close()


def test_what_is_due_counts_as_queued_so_that_a_task_waits_for_it(directory):
    pair = Pair(directory, HeldLogs())
    pair.connect()
    for number in range(100):
        pair.logs.own.append(answer(number, 9000))
    pair.send(b"x")
    assert pair.channel.queued_bytes > 500_000

    pair.drain(1)

    assert pair.channel.queued_bytes == 0
    pair.close()


@pytest.mark.parametrize("tasks", [[], [PRODUCER]])
def test_a_producer_that_asks_gets_the_logs_it_asked_for_before_it_sends_anything(directory, tasks):
    held = HeldLogs()
    answers = [answer(number, 9000) for number in range(300)]
    for number, entry in enumerate(answers):
        held.merge(LogDelta(task=PRODUCER, offset=number, entries=[entry]))
    held.merge(LogDelta(task=2, entries=[answer(0, 1)]))
    pair = Pair(directory, held, ConnectReply(wants_logs=True, wanted_tasks=tasks))
    pair.send(b"first")

    pair.connect()

    assert answers == entries_of(pair.logs.recovered)
    assert bool(entries_of(pair.logs.recovered, 2)) == (not tasks)
    pair.drain(1)
    assert [b"first"] == pair.received
    pair.close()


def test_a_consumer_that_hangs_up_before_it_has_told_all_is_not_connected(directory):
    held = HeldLogs()
    for number in range(300):
        held.merge(LogDelta(task=PRODUCER, offset=number, entries=[answer(number, 9000)]))
    pair = Pair(directory, held, ConnectReply(wants_logs=True))
    pair.input.connect(7, pair.endpoint, 0)
    assert pair.event_loop.poll_until(lambda: bool(entries_of(pair.logs.recovered)), timeout=60)

    pair.input.close()
    for _ in range(20):
        pair.event_loop.poll(0.001)

    assert not pair.channel.connected
    pair.close()


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 400)), max_size=40), st.integers(1, 5000))
def test_logs_come_whole_however_they_are_cut(merged, piece):
    held = HeldLogs()
    for number, (task, size) in enumerate(merged):
        offset = len(entries_of(held, task))
        held.merge(LogDelta(task=task, offset=offset, entries=[answer(number, size)]))
    messages = list(log_messages(held, [1, 2], max_frame_bytes=1000))
    assert all(len(message) <= 1004 for message in messages)
    received, receiver, data = HeldLogs(), LogReceiver(1000), b"".join(messages)
    for start in range(0, len(data), piece):
        for delta in receiver.feed(data[start : start + piece]):
            received.merge(delta)

    assert receiver.done
    for task in (1, 2):
        assert held.log_of(task) == received.log_of(task)
    assert {} == received.log_of(3)
