"""What strangers can do to a server of the control plane."""

import contextlib
import secrets
import socket
import subprocess
import sys
import time

import grpc
import psutil
import pytest

from anabranch.control.channel import Channel
from anabranch.control.proofs import METADATA
from anabranch.control.server import bind, make_server
from anabranch.errors import ConfigError

TOKEN = secrets.token_hex(32)
MIB = 1 << 20
CONNECTIONS = 8

# Each prints its address and serves until its input ends.
SERVERS = {
    "gateway": """
        from anabranch.gateway.service import GatewayService
        service = GatewayService(token)
        address = f"127.0.0.1:{await service.start('127.0.0.1', 0)}"
    """,
    "master": """
        from anabranch.control.job_server import ControlServer
        address = await ControlServer(token, None, workers=1).start("127.0.0.1")
    """,
}
AROUND = """
import asyncio, sys, textwrap
async def serve(token):
{}
    print(address, flush=True)
    await asyncio.to_thread(sys.stdin.read)
asyncio.run(serve(sys.argv[1]))
"""


class Server:
    """A server in a process of its own, whose memory can be looked at."""

    def __init__(self, code: str) -> None:
        import textwrap

        script = AROUND.format(textwrap.indent(textwrap.dedent(code), "    "))
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.address = self.process.stdout.readline().strip()

    def memory(self) -> int:
        """The most that it has ever had."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture(params=SERVERS)
def server(request):
    server = Server(SERVERS[request.param])
    yield server
    server.close()


@pytest.fixture
def gateway_server():
    server = Server(SERVERS["gateway"])
    yield server
    server.close()


@pytest.fixture
def flooded():
    server = Server(
        f"""
        from anabranch.gateway import service
        service._CONNECTIONS = {CONNECTIONS}
        address = f"127.0.0.1:{{await service.GatewayService(token).start('127.0.0.1', 0)}}"
        """
    )
    yield server
    server.close()


def raw(channel: grpc.Channel, method: str, message: bytes, metadata=(), compression=None):
    call = channel.unary_unary(method, request_serializer=None, response_deserializer=None)
    return call(message, metadata=metadata, compression=compression, timeout=120, wait_for_ready=True)


UNLIMITED = [("grpc.max_send_message_length", -1)]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip], ids=["plain", "gzip"])
@pytest.mark.parametrize("method", ["Gateway/Submit", "Control/Connect"])
def test_a_stranger_is_refused_before_anything_is_read(server, method, compression):
    before = server.memory()
    shown = ".".join(["0" * 64] * 3)
    with grpc.insecure_channel(server.address, options=UNLIMITED) as channel, pytest.raises(grpc.RpcError) as refused:
        raw(channel, f"/anabranch.v1.{method}", bytes(64 * MIB), [(METADATA, shown)], compression)

    assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()
    assert server.memory() - before < 32 * MIB


def test_what_a_client_sends_is_limited(gateway_server):
    channel = Channel(gateway_server.address, TOKEN)
    with pytest.raises(grpc.RpcError) as refused:
        raw(channel.calls, "/anabranch.v1.Gateway/List", bytes(65 * MIB))
    channel.close()

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == refused.value.code()


def test_connections_that_say_nothing_leave_room_for_others(flooded):
    host, port = flooded.address.split(":")
    files = psutil.Process(flooded.process.pid).num_fds()
    silent = []
    for _ in range(100):
        with contextlib.suppress(ConnectionError):
            silent.append(socket.create_connection((host, int(port))))
    time.sleep(0.5)  # it takes them when it likes

    assert psutil.Process(flooded.process.pid).num_fds() - files <= 2 * CONNECTIONS
    deadline = time.monotonic() + 100
    while True:  # they are sent away after two seconds
        channel = Channel(flooded.address, TOKEN)
        try:
            assert b"" == raw(channel.calls, "/anabranch.v1.Gateway/List", b"")
            break
        except grpc.RpcError:
            assert time.monotonic() < deadline
        finally:
            channel.close()
    for each in silent:
        each.close()


@pytest.mark.parametrize("token", ["", "x", "1" * 31])
def test_a_server_without_a_lock_cannot_be_made(token):
    with pytest.raises(ConfigError, match="fewer than 32"):
        make_server(token, connections=9)


def test_two_servers_cannot_share_a_port(gateway_server):
    import asyncio

    async def listen() -> None:
        server = make_server(TOKEN, connections=9)
        try:
            bind(server, "127.0.0.1", int(gateway_server.address.split(":")[1]))
        finally:
            await server.stop(None)

    with pytest.raises(ConfigError, match="cannot listen on 127"):
        asyncio.run(listen())
