"""Who is let in, and who is dropped without a trace."""

import contextlib
import random
import socket
import threading

import pytest

from anabranch.exchange.acceptor import MAX_PENDING, Acceptor
from anabranch.exchange.addresses import Transport
from anabranch.exchange.handshake import ReplyParser, encode_request
from anabranch.exchange.reactor import Reactor, TaskCancelled
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest

TOKEN = bytes(range(32))


class Server:
    """An acceptor on a thread of its own, as a task would run it."""

    def __init__(self, transport: Transport, timeout: float) -> None:
        self.admitted: list[ConnectRequest] = []
        self.reactor = Reactor()
        (listener,), self.endpoint = transport.listen("t1-0")
        self.transport = transport
        self.acceptor = Acceptor(self.reactor, listener, transport, token=TOKEN, timeout=timeout, admit=self.admit)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        self.admitted.append(request)
        return ConnectReply(status=ConnectReply.STATUS_OK)

    def run(self) -> None:
        with contextlib.suppress(TaskCancelled):
            self.reactor.poll_until(lambda: False)

    def dial(self) -> socket.socket:
        sock = self.transport.dial(self.endpoint)
        sock.setblocking(True)
        sock.settimeout(20)
        return sock

    def close(self) -> None:
        self.reactor.cancel()
        self.thread.join(10)
        self.acceptor.close()
        self.reactor.close()


@pytest.fixture(params=["unix", "tcp"])
def server(request, tmp_path):
    server = Server(Transport(request.param, str(tmp_path), "127.0.0.1", 65536), timeout=30)
    yield server
    server.close()


def handshake(sock: socket.socket, channel: int = 1) -> ConnectReply:
    sock.sendall(encode_request(TOKEN, ConnectRequest(channel=channel)))
    parser, reply = ReplyParser(), None
    while reply is None:
        data = sock.recv(parser.wanted)
        assert data, "the connection was closed"
        reply = parser.feed(data)
    return reply


def is_dropped(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_a_consumer_with_the_token_is_admitted(server):
    with server.dial() as sock:
        assert ConnectReply.STATUS_OK == handshake(sock, channel=5).status
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
    good = encode_request(TOKEN, ConnectRequest(job_id="job", channel=2))
    for round_ in range(150):
        data = bytearray(good)
        kind = round_ % 5
        if kind == 0:
            data = bytearray(rng.randbytes(rng.randint(36, 300)))
        elif kind == 1:
            data[rng.randrange(36)] ^= 1 + rng.randrange(255)
        elif kind == 2:
            data[36:40] = rng.choice([b"\xff\xff\xff\xff", b"\x7f\x00\x00\x00", b"\x00\x00\x10\x01"])
        elif kind == 3:
            data[40:] = b"\xff" * (len(data) - 40)
        else:
            del data[rng.randrange(len(data)) :]
        with server.dial() as sock:
            with contextlib.suppress(OSError):  # it may be dropped before we are done
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            assert is_dropped(sock)

    assert [] == server.admitted
    with server.dial() as sock:
        assert ConnectReply.STATUS_OK == handshake(sock).status


def test_more_silent_connections_than_are_held_do_not_keep_a_consumer_out(tmp_path):
    server = Server(Transport("unix", str(tmp_path), "", 65536), timeout=0.3)
    try:
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(server.dial()) for _ in range(MAX_PENDING + 10)]
            with server.dial() as sock:
                assert ConnectReply.STATUS_OK == handshake(sock).status
            assert is_dropped(silent[0])
    finally:
        server.close()
