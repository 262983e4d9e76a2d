"""A child process that ends with this one, and its own children with it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from anabranch.launch.child import Child

DEADLINE = 120


def child(text: str) -> Child:
    return Child([sys.executable, "-c", text], os.environ)


def until(condition) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Returns whether a process is there, and not dead and only waited for by nobody."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_has_nothing_to_read():
    process = child("import sys; sys.exit(len(sys.stdin.read()))")

    assert process.wait(DEADLINE) == 0


def test_it_is_told_when_it_is_let_go():
    process = child('import os; os.read(int(os.environ["ANABRANCH_LIFELINE"]), 1); os._exit(5)')
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)

    process.let_go()

    assert process.wait(DEADLINE) == 5


def test_a_forked_copy_of_this_process_does_not_stand_for_it():
    process = child('import os; os.read(int(os.environ["ANABRANCH_LIFELINE"]), 1); os._exit(5)')
    copy = os.fork()
    if copy == 0:
        time.sleep(DEADLINE)
        os._exit(0)
    try:
        process.let_go()

        assert process.wait(DEADLINE / 2) == 5
    finally:
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)


STARTS_ANOTHER = """
import subprocess, sys
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(other.pid, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_it_has_started_ends_with_it():
    process = child(STARTS_ANOTHER)
    other = int(process.stdout.readline())

    assert process.wait(DEADLINE) == 0
    until(lambda: not lives(other))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_it_has_started_is_killed_with_it():
    process = child(STARTS_ANOTHER + "other.wait()")
    other = int(process.stdout.readline())

    process.kill()

    assert process.poll() == -9
    until(lambda: not lives(other))
