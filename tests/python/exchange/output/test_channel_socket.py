"""The connection of an output channel: what is written arrives, and only a consumer that hangs up acknowledges."""

import socket

import pytest

from anabranch.errors import ExchangeError
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.output.channel import OutputChannel
from anabranch.exchange.output.channel_socket import ChannelSocket
from anabranch.exchange.output.logged_channel import LoggedOutputChannel
from anabranch.replay.inflight_log import InFlightLog, SpillBudget
from anabranch.v1.control_pb2 import ChannelPosition
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest, FrameHeader

MAX_FRAME = 1 << 22


class Owner:
    """A channel that has something to write, and keeps what it is told."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = memoryview(data)
        self.got = b""
        self.told: list[str] = []

    def to_write(self):
        return [self.data[:1000]] if self.data else []

    def wrote(self, n_bytes):
        self.data = self.data[n_bytes:]

    def received(self, data):
        self.got += data
        if b"nonsense" in data:
            raise ExchangeError("nobody understands that")

    def hung_up(self):
        self.told.append("hung up")

    def disconnected(self):
        self.told.append("disconnected")


class NoLogs:
    """A task without determinants."""

    epoch = 0
    wanted = None
    due_bytes = 0

    def begin(self):
        """Nothing can have been lost."""

    def deltas(self):
        return [], False


@pytest.fixture
def event_loop():
    event_loop = EventLoop()
    yield event_loop
    event_loop.close()


def connected(event_loop, owner):
    """A socket of the owner, and the consumer's end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    made = ChannelSocket(7, event_loop, owner)
    made.open(ours)
    return made, theirs


def poll(event_loop):
    for _ in range(10):
        event_loop.poll(0.001)


def test_everything_is_written_however_little_the_socket_takes_at_a_time(event_loop):
    data = bytes(range(256)) * 8000
    owner, got = Owner(data), bytearray()
    _, theirs = connected(event_loop, owner)
    while len(got) < len(data):
        event_loop.poll(0.01)
        got += theirs.recv(1 << 16)

    assert data == got


def test_a_consumer_that_closes_its_connection_has_hung_up(event_loop):
    owner = Owner()
    made, theirs = connected(event_loop, owner)
    theirs.sendall(b"more")
    poll(event_loop)
    theirs.close()
    poll(event_loop)

    assert (b"more", ["hung up", "disconnected"], False) == (owner.got, owner.told, made.is_open)


def test_a_connection_that_breaks_or_carries_nonsense_is_closed_and_nobody_has_hung_up(event_loop):
    broken, nonsense = Owner(b"never read"), Owner()
    _, theirs = connected(event_loop, broken)
    _, others = connected(event_loop, nonsense)
    poll(event_loop)
    theirs.close()  # with something to read, which resets the connection
    others.sendall(b"nonsense")
    poll(event_loop)

    assert [["disconnected"]] * 2 == [broken.told, nonsense.told]


def plain(event_loop, directory):
    return OutputChannel(7, event_loop, 0)


def logged(event_loop, directory):
    log = InFlightLog(SpillBudget(1 << 30, str(directory)))
    return LoggedOutputChannel(ChannelPosition(channel=7), event_loop, 0, log, logs=NoLogs(), max_frame_bytes=MAX_FRAME)


def come(channel, incarnation=0):
    """The end of a consumer that the channel has let in."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    reply = channel.admit(ConnectRequest(channel=7, incarnation=incarnation), ours)
    assert reply.status == ConnectReply.STATUS_OK
    return theirs


@pytest.mark.parametrize("kind", [plain, logged])
def test_a_consumer_that_was_lost_with_the_end_unread_has_not_acknowledged_it(event_loop, tmp_path, kind):
    channel = kind(event_loop, tmp_path)
    channel.send_end()
    consumer = come(channel)
    poll(event_loop)
    consumer.close()
    poll(event_loop)

    assert not channel.finished
    channel.close()


@pytest.mark.parametrize("kind", [plain, logged])
def test_a_consumer_that_hangs_up_after_the_end_has_acknowledged_it(event_loop, tmp_path, kind):
    channel = kind(event_loop, tmp_path)
    channel.send_end()
    consumer = come(channel)
    poll(event_loop)
    consumer.recv(1 << 16)
    consumer.close()
    poll(event_loop)

    assert channel.finished
    channel.close()


def test_an_acknowledgement_stays_though_the_consumer_comes_again_and_is_lost_before_the_end(event_loop, tmp_path):
    channel = logged(event_loop, tmp_path)
    consumer = come(channel)
    channel.send(FrameHeader(n_records=1), bytes(1 << 21))
    channel.send_end()
    consumer.setblocking(False)
    for _ in range(1000):
        event_loop.poll(0.01)
        try:
            while consumer.recv(1 << 20):
                pass
        except BlockingIOError:
            if not channel.queued_frames and not channel.queued_bytes:
                break
    consumer.close()
    poll(event_loop)
    assert channel.finished

    again = come(channel, incarnation=1)
    poll(event_loop)
    again.shutdown(socket.SHUT_WR)  # it ends while more is on its way to it
    poll(event_loop)

    assert (True, 0) == (channel.finished, channel.queued_bytes)
    again.close()
    channel.close()
