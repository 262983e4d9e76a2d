"""Who is let in, and who is dropped without a trace."""

import contextlib
import random
import socket
import threading
import time

import pytest

from anabranch.exchange.event_loop import EventLoop, TaskCancelled
from anabranch.exchange.wire.acceptor import MAX_PENDING, Acceptor
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.bad_connections import BadConnections
from anabranch.exchange.wire.handshake import ConsumerHandshake, ProducerHandshakes
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

TOKEN = bytes(range(32))


class Server:
    """An acceptor on a thread of its own, as a task would run it."""

    def __init__(self, transport: Transport, timeout: float) -> None:
        self.admitted: list[ConnectRequest] = []
        self.event_loop = EventLoop()
        (listener,), self.endpoint = transport.listen("t1-0")
        self.transport = transport
        self.acceptor = Acceptor(
            self.event_loop,
            listener,
            transport,
            handshakes=ProducerHandshakes(TOKEN, self.endpoint.nonce),
            timeout=timeout,
            admit=self.admit,
        )
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        self.admitted.append(request)
        return ConnectReply(status=ConnectReply.STATUS_OK)

    def run(self) -> None:
        with contextlib.suppress(TaskCancelled):
            self.event_loop.poll_until(lambda: False)

    def dial(self) -> socket.socket:
        sock = self.transport.dial(self.endpoint)
        sock.setblocking(True)
        sock.settimeout(20)
        return sock

    def opening(self, request: ConnectRequest) -> ConsumerHandshake:
        return ConsumerHandshake(TOKEN, self.endpoint.nonce, request)

    def handshake(self, sock: socket.socket, channel: int = 1) -> ConnectReply:
        handshake, reply = self.opening(ConnectRequest(channel=channel)), None
        sock.sendall(handshake.opening)
        while reply is None:
            data = sock.recv(handshake.wanted)
            assert data, "the connection was closed"
            reply = handshake.feed(data)
        return reply

    def close(self) -> None:
        self.event_loop.cancel()
        self.thread.join(10)
        self.acceptor.close()
        self.event_loop.close()


@pytest.fixture(params=["unix", "tcp"])
def server(request, tmp_path):
    server = Server(Transport(request.param, str(tmp_path), "127.0.0.1", 65536), timeout=30)
    yield server
    server.close()


def is_dropped(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_a_consumer_with_the_token_is_admitted(server):
    with server.dial() as sock:
        assert ConnectReply.STATUS_OK == server.handshake(sock, channel=5).status
    assert [ConnectRequest(channel=5)] == server.admitted


def test_a_unix_socket_is_for_the_user_alone(server):
    if server.endpoint.unix_path:
        import os
        import stat

        assert 0o600 == stat.S_IMODE(os.stat(server.endpoint.unix_path).st_mode)
    else:
        assert "127.0.0.1" == server.endpoint.tcp_host


def test_bad_peers_are_dropped_and_good_ones_still_admitted(server):
    """A fuzzer on the socket: garbage, mutated requests, absurd lengths, early ends."""
    rng = random.Random(4711)
    for round_ in range(150):
        data = bytearray(server.opening(ConnectRequest(job_id="job", channel=2)).opening)
        kind = round_ % 5
        if kind == 0:
            data = bytearray(rng.randbytes(rng.randint(36, 300)))
        elif kind == 1:
            data[rng.randrange(68)] ^= 1 + rng.randrange(255)
        elif kind == 2:
            data[68:72] = rng.choice([b"\xff\xff\xff\xff", b"\x7f\x00\x00\x00", b"\x00\x00\x10\x01"])
        elif kind == 3:
            data[72:] = b"\xff" * (len(data) - 72)
        else:
            del data[rng.randrange(len(data)) :]
        with server.dial() as sock:
            with contextlib.suppress(OSError):  # it may be dropped before we are done
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            assert is_dropped(sock)

    assert [] == server.admitted
    with server.dial() as sock:
        assert ConnectReply.STATUS_OK == server.handshake(sock).status


def test_a_recorded_handshake_lets_nobody_in_a_second_time(server):
    recorded = server.opening(ConnectRequest(channel=5)).opening
    with server.dial() as sock:
        sock.sendall(recorded)
        assert sock.recv(1)
    with server.dial() as sock:
        sock.sendall(recorded)
        assert is_dropped(sock)

    assert [ConnectRequest(channel=5)] == server.admitted


def test_more_silent_connections_than_are_held_do_not_keep_a_consumer_out(server):
    """Nobody waits for them: whoever has sent nothing makes room, the first to come first."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server.dial()) for _ in range(MAX_PENDING + 10)]
        with server.dial() as sock:
            assert ConnectReply.STATUS_OK == server.handshake(sock).status
        assert is_dropped(silent[0])


def test_who_has_sent_something_keeps_its_place(server):
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(server.dial())
        opening = server.opening(ConnectRequest(channel=9))
        first.sendall(opening.opening[:50])
        for _ in range(MAX_PENDING + 10):
            stack.enter_context(server.dial())
        first.sendall(opening.opening[50:])

        assert first.recv(1)


def test_a_silent_connection_is_dropped_in_time(tmp_path):
    server = Server(Transport("unix", str(tmp_path), "", 65536), timeout=0.1)
    try:
        with server.dial() as sock:
            assert is_dropped(sock)
    finally:
        server.close()


def test_a_busy_task_takes_whoever_has_spoken_however_rarely_it_polls(tmp_path):
    """One poll is enough, and the time between two polls counts against nobody who has sent what he had to."""
    event_loop, transport = EventLoop(), Transport("unix", str(tmp_path), "", 65536)
    (listener,), endpoint = transport.listen("t1-0")
    admitted = []

    def admit(request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        admitted.append(request)
        return ConnectReply(status=ConnectReply.STATUS_OK)

    handshakes = ProducerHandshakes(TOKEN, endpoint.nonce)
    acceptor = Acceptor(event_loop, listener, transport, handshakes=handshakes, timeout=0.05, admit=admit)
    with transport.dial(endpoint) as silent, transport.dial(endpoint) as quick:
        quick.send(ConsumerHandshake(TOKEN, endpoint.nonce, ConnectRequest(channel=1)).opening)
        event_loop.poll(0)
        assert [ConnectRequest(channel=1)] == admitted

        silent.send(ConsumerHandshake(TOKEN, endpoint.nonce, ConnectRequest(channel=2)).opening)
        time.sleep(0.2)  # a long batch
        event_loop.poll(0)
        assert ConnectRequest(channel=2) in admitted
    acceptor.close()
    event_loop.close()


def test_bad_connections_are_counted_and_reported_once_a_minute(caplog):
    now = 0.0
    bad = BadConnections("dropped", lambda: now)
    for _ in range(1000):
        bad.met("garbage")
    assert ["dropped a connection: garbage"] == [record.getMessage() for record in caplog.records]

    now = 61.0
    bad.met("wrong magic")
    assert "dropped 1000 connections, the last one: wrong magic" == caplog.records[-1].getMessage()
    assert len(caplog.records) == 2
