"""Both ends of a connection prove that they know the token, which nobody on the way can learn or use."""

import asyncio
import contextlib
import re
import secrets
import socket
import threading
from contextlib import contextmanager

import grpc
import grpc.aio
import pytest

from anabranch.control.channel import Channel
from anabranch.control.client import ControlClient
from anabranch.control.client_authentication import ImpostorError
from anabranch.control.proofs import METADATA, Proofs, new_nonce
from anabranch.control.server_authentication import Challenges
from anabranch.gateway.service import GatewayService
from anabranch.v1 import authentication_pb2, authentication_pb2_grpc
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1.control_pb2_grpc import ControlServicer, add_ControlServicer_to_server
from anabranch.v1.gateway_pb2_grpc import GatewayServicer, GatewayStub, add_GatewayServicer_to_server

TOKEN = secrets.token_hex(32)
LIMIT = 60


@contextmanager
def serving(start):
    """Runs a server on a loop of its own; `start` returns its port and what stops it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port, stop = asyncio.run_coroutine_threadsafe(start(), loop).result(LIMIT)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(LIMIT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LIMIT)
        loop.close()


@pytest.fixture
def port():
    async def start():
        service = GatewayService(TOKEN)
        return await service.start("127.0.0.1", 0), service.stop

    with serving(start) as port:
        yield port


class Wire:
    """Somebody on the way between a client and a server: hears everything, and can say it again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.heard = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # one of them is gone
            while data := source.recv(1 << 16):
                self.heard += data
                target.sendall(data)
        target.close()

    def close(self) -> None:
        self._listener.close()


def listed(address: str, token: str = TOKEN) -> gateway.ListResponse:
    channel = Channel(address, token)
    try:
        return GatewayStub(channel.calls).List(gateway.ListRequest(), timeout=LIMIT)
    finally:
        channel.close()


def test_the_token_does_not_travel_and_what_does_opens_nothing(port):
    wire = Wire(port)
    assert gateway.ListResponse() == listed(wire.address)
    wire.close()

    assert TOKEN.encode() not in wire.heard
    (proof,) = re.findall(rb"[0-9a-f]{64}\.[0-9a-f]{64}\.[0-9a-f]{64}", wire.heard)
    challenge, nonce, mac = proof.decode().split(".")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as stranger:
        stub = GatewayStub(stranger)
        for shown in (proof.decode(), f"{challenge}.{new_nonce()}.{mac}", f"{new_nonce()}.{nonce}.{mac}", mac, ""):
            for call in (stub.List, stub.Submit):  # the proof of one method is none of another
                with pytest.raises(grpc.RpcError) as refused:
                    call(gateway.ListRequest(), metadata=[(METADATA, shown)], timeout=LIMIT)
                assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()


def test_a_client_with_another_token_believes_and_is_believed_nothing(port):
    with pytest.raises(ImpostorError, match="wrong token"):
        listed(f"127.0.0.1:{port}", secrets.token_hex(32))


class Impostor(authentication_pb2_grpc.AuthenticationServicer, GatewayServicer, ControlServicer):
    """Listens where a server was, and answers whatever it is asked."""

    def __init__(self, token: str) -> None:
        self._proofs = Proofs(token)
        self.told = []

    async def Challenge(self, _requests, context):  # noqa: N802
        nonce = dict(context.invocation_metadata())[METADATA]
        challenge = new_nonce()
        proof = self._proofs.of_challenge(nonce, challenge)
        return authentication_pb2.ChallengeResponse(challenge=challenge, proof=proof)

    async def List(self, request, _context):  # noqa: N802
        self.told.append(request)
        return gateway.ListResponse(jobs=[gateway.JobStatus(job_name="a lie")])

    async def Submit(self, request, _context):  # noqa: N802
        self.told.append(request)
        return gateway.SubmitResponse()

    async def Logs(self, _request, _context):  # noqa: N802
        yield gateway.LogLine(line="a lie")

    async def Connect(self, _requests, context):  # noqa: N802
        await context.write(control.MasterMessage(deploy_task=control.TaskDescriptor()))


@pytest.fixture(params=["knows nothing", "has heard an answer to the challenge"])
def impostor(request):
    """It cannot make the proof of a call, whether or not somebody has let it have that of the challenge."""
    impostor = Impostor(secrets.token_hex(32) if request.param == "knows nothing" else TOKEN)

    async def start():
        server = grpc.aio.server()
        for add in (
            authentication_pb2_grpc.add_AuthenticationServicer_to_server,
            add_GatewayServicer_to_server,
            add_ControlServicer_to_server,
        ):
            add(impostor, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return port, lambda: server.stop(None)

    with serving(start) as port:
        impostor.address = f"127.0.0.1:{port}"
        impostor.knows_nothing = request.param == "knows nothing"
        yield impostor


def test_an_answer_of_an_impostor_is_not_believed(impostor):
    with pytest.raises(ImpostorError):
        listed(impostor.address)
    channel = Channel(impostor.address, TOKEN)
    with pytest.raises(ImpostorError):
        list(GatewayStub(channel.calls).Logs(gateway.LogsRequest(), timeout=LIMIT))
    channel.close()


def test_an_impostor_is_told_nothing(impostor):
    channel = Channel(impostor.address, TOKEN)
    with pytest.raises(ImpostorError):
        GatewayStub(channel.calls).Submit(gateway.SubmitRequest(), timeout=LIMIT)
    channel.close()

    if impostor.knows_nothing:
        assert [] == impostor.told


def test_a_worker_does_nothing_that_an_impostor_says(impostor):
    client = ControlClient(impostor.address, TOKEN)
    client.send(control.WorkerMessage(hello=control.WorkerHello(worker_id="w1")))

    assert [] == list(client.messages())
    client.disconnect()


def test_a_server_that_was_started_anew_is_found_again(port):
    channel = Channel(f"127.0.0.1:{port}", TOKEN)
    stub = GatewayStub(channel.calls)
    stub.List(gateway.ListRequest(), timeout=LIMIT)
    channel.authenticator._challenge = new_nonce()  # as of the server that was there before

    with pytest.raises(grpc.RpcError) as refused:
        stub.List(gateway.ListRequest(), timeout=LIMIT)

    assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()
    assert gateway.ListResponse() == stub.List(gateway.ListRequest(), timeout=LIMIT)
    channel.close()


def test_challenges_end_and_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("anabranch.control.server_authentication._MOST_CALLS", 10)
    now = [0.0]
    challenges = Challenges(lambda: now[0])
    first = challenges.current()

    assert challenges.take(first, "n")
    assert not challenges.take(first, "n")
    now[0] = 301
    assert challenges.take(first, "m")
    second = challenges.current()
    assert first != second
    now[0] = 602
    challenges.current()
    assert not challenges.take(first, "o")
    assert challenges.take(second, "n")
    now[0] = 10_000
    third = challenges.current()
    assert not challenges.take(second, "p")
    for number in range(1000):
        challenges.take(third, str(number))
        third = challenges.current()
    assert sum(map(len, challenges._used.values())) <= 20


def test_both_languages_prove_in_the_same_way():
    """The same values are in the test of the Java side."""
    proofs, method = Proofs("00" * 32), "/anabranch.v1.Gateway/List"

    assert "752c3517ec57f82b029cc443bf63abe4a7368fef6f065685a7370de897fff3c7" == proofs.of_challenge("n", "c")
    assert "7a3ab3a1f3c165be14138bb1f59fe20b2f3d5f0ef97afc035b08f4646f5bdbdb" == proofs.of_client(method, "c", "n")
    assert "cec2a8213166dfdf3a71fb6f3ccbb7304036cb94e7eb31c30e1bf85f4cdeec0f" == proofs.of_server(method, "c", "n")
