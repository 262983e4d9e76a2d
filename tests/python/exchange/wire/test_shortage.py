"""Want of open files, on either side of a handshake."""

import errno
import socket
import time

import pytest

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ConsumerIdentity, InputChannel
from anabranch.exchange.input.gate import InputGate
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.handshake import ConsumerHandshake, ProducerHandshakes
from anabranch.exchange.wire.shortage import Shortage
from anabranch.v1.control_pb2 import Endpoint
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

NONE_LEFT = OSError(errno.EMFILE, "Too many open files")
TOKEN = bytes(32)


@pytest.fixture
def event_loop():
    event_loop = EventLoop()
    yield event_loop
    event_loop.close()


class Listener(socket.socket):
    """A listener that has no file for the first connections."""

    refusals = 0
    tries = 0

    def accept(self):
        self.tries += 1
        if self.tries <= self.refusals:
            raise NONE_LEFT
        return super().accept()


def listen(directory) -> tuple[Listener, Endpoint]:
    path = f"{directory}/listener"
    listener = Listener(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    listener.bind(path)
    listener.listen()
    return listener, Endpoint(unix_path=path)


def acceptor(event_loop, listener, transport) -> Acceptor:
    def admit(request, sock) -> ConnectReply:
        return ConnectReply(status=ConnectReply.STATUS_OK)

    return Acceptor(event_loop, listener, transport, handshakes=ProducerHandshakes(TOKEN, b""), timeout=30, admit=admit)


def test_another_error_is_no_want_of_files():
    shortage = Shortage(patience=0)

    assert not any(shortage.met(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) for _ in range(3))


def test_what_lasts_is_an_error_and_what_passes_is_none():
    shortage = Shortage(patience=0.01)
    for _ in range(3):
        assert shortage.met(NONE_LEFT)
        time.sleep(0.02)
        shortage.over()

    assert shortage.met(NONE_LEFT)
    time.sleep(0.02)
    with pytest.raises(OSError, match="Too many open files"):
        shortage.met(NONE_LEFT)


def test_a_consumer_gets_in_once_there_is_a_file_for_it(event_loop, tmp_path):
    transport = Transport("unix", str(tmp_path), "", 65536)
    listener, endpoint = listen(tmp_path)
    listener.refusals = 2
    accepting = acceptor(event_loop, listener, transport)
    with transport.dial(endpoint) as sock:
        handshake = ConsumerHandshake(TOKEN, b"", ConnectRequest(channel=1))
        sock.send(handshake.opening)
        answer = bytearray()

        def has_answered() -> bool:
            try:
                answer.extend(sock.recv(handshake.wanted))
            except BlockingIOError:
                return False
            return True

        assert event_loop.poll_until(has_answered, timeout=20)
    assert listener.tries < 10, "the listener is left alone while there is none"
    accepting.close()


def test_a_listener_that_never_has_a_file_is_an_error(event_loop, tmp_path):
    transport = Transport("unix", str(tmp_path), "", 65536)
    listener, endpoint = listen(tmp_path)
    listener.refusals = 1 << 30
    accepting = acceptor(event_loop, listener, transport)
    accepting._shortage = Shortage(patience=0.2)
    with transport.dial(endpoint), pytest.raises(OSError, match="Too many open files"):
        event_loop.poll_until(lambda: False, timeout=20)
    accepting.close()


def test_a_consumer_that_never_has_a_file_is_an_error(event_loop, tmp_path, monkeypatch):
    transport = Transport("unix", str(tmp_path), "", 65536)

    def dial(_transport, _endpoint):
        raise NONE_LEFT

    monkeypatch.setattr(Transport, "dial", dial)
    gate = InputGate(event_loop, transport, ConsumerIdentity("job", TOKEN, 0), [InputChannel(1, 1, 1 << 20)])
    gate.shortage = Shortage(patience=0.2)
    gate.connect(1, Endpoint(unix_path="anywhere"), 0)
    with pytest.raises(OSError, match="Too many open files"):
        event_loop.poll_until(lambda: False, timeout=20)
