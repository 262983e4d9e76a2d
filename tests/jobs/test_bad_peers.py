"""Strangers at the sockets of a running job: they are dropped, and the job goes on."""

import contextlib
import glob
import os
import random
import socket
import tempfile
import threading

import pytest

from anabranch import StreamingContext


def attack(path: str, rng: random.Random) -> None:
    """One connection that does not know the token."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
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


@pytest.mark.parametrize("language", ["python", "java"])
def test_the_job_goes_on_while_its_sockets_are_fuzzed(acme_jar, language):
    ctx = StreamingContext.Builder().build().add_jar(acme_jar).set_parallelism(2)
    numbers = ctx.from_collection(range(1200)).map(lambda x: __import__("time").sleep(0.002) or x)
    if language == "java":
        numbers = numbers.as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
    result = numbers.rebalance().map(lambda x: x + 1).collect()
    job = ctx.submit("attacked")

    rng, attacks, seen = random.Random(7), 0, set()
    while not job.ended:
        sockets = glob.glob(os.path.join(tempfile.gettempdir(), f"anabranch-{os.getpid()}-*", "*.sock"))
        seen.update(sockets)
        threads = [threading.Thread(target=attack, args=(path, rng)) for path in sockets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        attacks += len(threads)

    assert list(range(1, 1201)) == sorted(result.get(60))
    assert attacks > 20
    assert len(seen) >= (2 if language == "python" else 4)
