"""Strangers at the sockets of a running job: they are dropped, and the job continues."""

import contextlib
import glob
import os
import random
import socket
import tempfile
import threading
import time

import pytest

from anabranch import EndOfData, SourceFunction, StreamingContext


def attack(path: str, rng: random.Random) -> None:
    """One connection that does not know the token."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(0.2)
        sock.connect(path)
        kind = rng.randrange(4)
        if kind == 0:
            sock.sendall(rng.randbytes(rng.randint(1, 2000)))
        elif kind == 1:
            sock.sendall(b"ANB1" + rng.randbytes(32) + b"\xff\xff\xff\xff" + rng.randbytes(100))
        elif kind == 2:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if rng.random() < 0.5:
            sock.recv(100)


class Until(SourceFunction):
    """Emits numbers until a file is there, so that the job lasts as long as the attack."""

    def __init__(self, path: str) -> None:
        self.path = path

    def init(self, parallelism: int, index: int) -> None:
        self.next, self.step = index, parallelism

    def fetch(self, ctx) -> None:
        ctx.collect(self.next)
        self.next += self.step
        time.sleep(0.005)
        if os.path.exists(self.path):
            raise EndOfData


@pytest.mark.parametrize("language", ["python", "java"])
def test_the_job_goes_on_while_its_sockets_are_fuzzed(acme_jar, tmp_path, monkeypatch, language):
    if "ANABRANCH_TEST_LAUNCHER" not in os.environ:
        monkeypatch.setattr(tempfile, "tempdir", tempfile.mkdtemp(prefix="fuzzed-"))  # of no other job
    ctx = StreamingContext.Builder().build().add_jar(acme_jar).set_parallelism(2)
    numbers = ctx.source(Until(str(tmp_path / "enough")))
    if language == "java":
        numbers = numbers.as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
    result = numbers.rebalance().map(lambda x: x).collect()
    job = ctx.submit("attacked")
    pattern = os.path.join(tempfile.gettempdir(), "anabranch-*", "*.sock")
    expected_sockets = 2 if language == "python" else 4
    deadline = time.monotonic() + 60
    while len(sockets := glob.glob(pattern)) < expected_sockets:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    rng = random.Random(7)
    for _ in range(25):
        threads = [threading.Thread(target=attack, args=(path, rng)) for path in sockets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not job.ended
    (tmp_path / "enough").touch()

    numbers_got = sorted(result.get(60))
    evens, odds = [n for n in numbers_got if n % 2 == 0], [n for n in numbers_got if n % 2]
    assert list(range(0, 2 * len(evens), 2)) == evens
    assert list(range(1, 2 * len(odds) + 1, 2)) == odds
    assert evens
    assert odds
