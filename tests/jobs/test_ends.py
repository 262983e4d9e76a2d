"""How jobs end before their time: no process is left, and nothing waits for ever."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

# A job that never ends by itself; parallelism 2, and a Java operator if argv says so.
ENDLESS = """
import sys, time
from anabranch import StreamingContext
from anabranch import SourceFunction

class Ticks(SourceFunction):
    def init(self, parallelism, index):
        self.n = 0
    def fetch(self, ctx):
        ctx.collect(self.n)
        self.n += 1
        time.sleep(0.001)
    def close(self):
        pass

def show(x):
    if x == 100:
        print("running")

ctx = StreamingContext.Builder().build()
ctx.set_parallelism(2)
stream = ctx.source(Ticks())
if len(sys.argv) > 1:
    ctx.add_jar(sys.argv[1])
    stream = stream.as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
stream.rebalance().map(lambda x: x).sink(show)
"""

EXECUTE = ENDLESS + "ctx.execute('endless')\n"


@pytest.fixture(params=["python", "hybrid"])
def arguments(request):
    return [] if request.param == "python" else [request.getfixturevalue("acme_jar")]


def test_ctrl_c_cancels_the_job(drive, arguments):
    driver = drive(EXECUTE, *arguments)
    driver.wait_for_line("running")

    driver.process.send_signal(signal.SIGINT)

    code, _, err = driver.finish(timeout=60)
    assert code != 0
    assert "KeyboardInterrupt" in err
    driver.wait_until_alone()


def test_ctrl_c_while_the_ended_script_waits_for_its_job(drive, arguments):
    driver = drive(ENDLESS + "ctx.submit('endless')\n", *arguments)
    driver.wait_for_line("running")

    driver.process.send_signal(signal.SIGINT)

    code, _, _ = driver.finish(timeout=60)
    assert code != 0
    driver.wait_until_alone()


@pytest.mark.local
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_driver_leaves_no_process(drive, arguments, number):
    driver = drive(EXECUTE, *arguments)
    driver.wait_for_line("running")
    assert driver.descendants()

    driver.process.send_signal(number)

    driver.process.wait(60)
    driver.wait_until_alone()


def test_cancel_ends_the_job_and_its_processes(drive, arguments):
    script = ENDLESS + (
        "import threading\n"
        "from anabranch import JobCancelledError\n"
        "job = ctx.submit('endless')\n"
        "while job.status().state.name != 'RUNNING':\n    time.sleep(0.05)\n"
        "print(job.status().state.name)\n"
        "print(job.cancel().state.name)\n"
        "try:\n    job.wait()\nexcept JobCancelledError as error:\n    print(error)\n"
    )
    driver = drive(script, *arguments)

    code, out, err = driver.finish()

    assert (0, "") == (code, err)
    assert ["RUNNING", "CANCELLED", "job endless was cancelled"] == [
        line for line in out.splitlines() if line != "running"
    ]
    driver.wait_until_alone()


@pytest.mark.parametrize("stuck", ["SleepsForEver", "SpinsForEver"])
def test_cancel_ends_java_code_that_does_not_stop(drive, acme_jar, stuck):
    script = f"""
from anabranch import StreamingContext
ctx = StreamingContext.Builder().option("anabranch.cancel.timeout-ms", 500).build()
ctx.add_jar({acme_jar!r})
ctx.from_values(1).as_java_stream().map("com.acme.Functions${stuck}").as_python_stream().sink(print)
job = ctx.submit("stuck")
input_line = None
import time
while not any(o.records_out for o in job.status().operators):
    time.sleep(0.05)
time.sleep(0.5)
print(job.cancel(timeout=20).state.name)
"""
    driver = drive(script)

    code, out, err = driver.finish()

    assert 0 == code, err
    assert out.splitlines()[-1] == "CANCELLED"
    driver.wait_until_alone()


def test_cancel_ends_python_code_that_does_not_stop(drive):
    script = """
import time
from anabranch import StreamingContext
ctx = StreamingContext.Builder().option("anabranch.cancel.timeout-ms", 500).build()
def stuck(x):
    print("stuck")
    while True:
        time.sleep(1000)
ctx.from_values(1).disable_chain().map(stuck).sink(print)
job = ctx.submit("stuck")
while not any(o.records_out for o in job.status().operators):
    time.sleep(0.05)
print(job.cancel(timeout=20).state.name)
"""
    driver = drive(script)

    code, out, err = driver.finish()

    assert 0 == code, err
    assert out.splitlines()[-1] == "CANCELLED"
    driver.wait_until_alone()


@pytest.mark.local
@pytest.mark.parametrize("language", ["python", "java"])
def test_a_killed_worker_ends_the_job(drive, acme_jar, language):
    driver = drive(EXECUTE, acme_jar)
    driver.wait_for_line("running")
    is_java = {"python": False, "java": True}[language]
    victim = next(p for p in driver.descendants() if ("java" in os.path.basename(p.exe())) is is_java)

    victim.kill()
    code, _, err = driver.finish(timeout=60)

    assert 1 == code
    assert "JobFailedError" in err
    assert f"process {victim.pid}, was killed by SIGKILL" in err
    driver.wait_until_alone()


@pytest.mark.local
def test_a_silent_worker_ends_the_job(drive):
    script = EXECUTE.replace(".build()", '.option("anabranch.heartbeat.timeout-ms", 1500).build()')
    driver = drive(script)
    driver.wait_for_line("running")
    victim: psutil.Process = driver.descendants()[0]

    victim.suspend()
    code, _, err = driver.finish(timeout=60)

    assert 1 == code
    assert "no heartbeat from worker" in err
    driver.wait_until_alone()


ENDS_BEFORE_ITS_JOB = """
import sys, time
from anabranch import EndOfData, FileSink, SourceFunction, StreamingContext

class Slowly(SourceFunction):
    def init(self, parallelism, index):
        self.next = index
        self.step = parallelism
    def fetch(self, ctx):
        if self.next >= 3000:
            raise EndOfData
        ctx.collect(self.next)
        self.next += self.step
        time.sleep(0.001)
    def save_checkpoint(self):
        return self.next
    def load_checkpoint(self, saved):
        self.next = saved

builder = StreamingContext.Builder().option("anabranch.checkpoint.dir", "checkpoints")
builder.option("anabranch.checkpoint.interval-ms", 100).option("anabranch.recovery.attempts", 20)
ctx = builder.option("anabranch.recovery.standbys", 0).build()
numbers = ctx.source(Slowly()).set_parallelism(1)
if len(sys.argv) > 1:
    ctx.add_jar(sys.argv[1])
    numbers = numbers.as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
else:
    numbers = numbers.disable_chain()
numbers.map(lambda x: x).with_name("last").sink(FileSink("out"))
ctx.submit("outlives its script")
"""


@pytest.mark.local
def test_a_job_that_outlives_its_script_writes_checkpoints_and_replaces_workers(drive, arguments, tmp_path):
    driver = drive(ENDS_BEFORE_ITS_JOB, *arguments)
    killed = set()

    def candidates() -> list[psutil.Process]:
        kind = "java" if arguments else "python"
        return [each for each in driver.descendants() if kind_of(each) == kind and each.pid not in killed]

    for _ in range(2):
        before = completed(tmp_path)
        wait_until(lambda before=before: completed(tmp_path) > before and candidates())
        victim = candidates()[0]
        victim.kill()
        killed.add(victim.pid)

    code, _, err = driver.finish(timeout=100)
    assert code == 0, err
    assert len(killed) == 2
    assert "to checkpoint" in err
    written = [int(line) for file in (tmp_path / "out").iterdir() for line in file.read_text().split()]
    assert sorted(written) == list(range(3000))


def completed(directory) -> int:
    """The last checkpoint that was completed; 0: none."""
    numbers = [path.parent.name.removeprefix("chk-") for path in directory.glob("checkpoints/*/chk-*/MANIFEST")]
    return max(map(int, numbers), default=0)


def kind_of(process: psutil.Process) -> str:
    return "java" if "java" in process.name() else "python"


def wait_until(condition, timeout: float = 100) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


PAUSED = """
import sys
from anabranch import StreamingContext
sys.path.insert(0, sys.argv[2])
from tests.jobs.killing import Slowly

builder = StreamingContext.Builder().option("anabranch.heartbeat.timeout-ms", 2000)
ctx = builder.build()
ctx.set_parallelism(2).add_jar(sys.argv[1])
numbers = ctx.source(Slowly(20000)).as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
numbers.rebalance().sink(lambda x: print("running") if x == 100 else None)
ctx.execute("paused")
print("done")
"""


@pytest.mark.local
def test_a_driver_that_stands_still_for_a_while_declares_nobody_dead(drive, acme_jar):
    driver = drive(PAUSED, acme_jar, str(Path(__file__).parents[2]))
    driver.wait_for_line("running")

    driver.process.send_signal(signal.SIGSTOP)
    time.sleep(6)
    driver.process.send_signal(signal.SIGCONT)

    code, out, err = driver.finish(timeout=100)
    assert code == 0, err
    assert "done" in out


ON_END = """
import sys, time
from anabranch import JobFailedError, StreamingContext

directory, on_end, state = sys.argv[1:]
ctx = StreamingContext.Builder().option("anabranch.checkpoint.dir", directory).build()
ctx.option("anabranch.checkpoint.on-end", on_end).option("anabranch.checkpoint.interval-ms", 100)

def handle(x):
    if state == "FAILED" and x == 99:
        raise ValueError("the last one")
    time.sleep(0.01 if state != "CANCELLED" else 1000)

job = ctx.from_collection(range(100)).sink(handle) and ctx.submit("ends")
if state == "CANCELLED":
    job.cancel()
else:
    try:
        job.wait()
    except JobFailedError:
        pass
print(job.status().state.name)
"""


@pytest.mark.parametrize(
    ("on_end", "state", "stays"),
    [
        ("keep", "FINISHED", True),
        ("remove", "FINISHED", False),
        ("remove", "FAILED", True),
        ("remove", "CANCELLED", True),
        ("remove-cancelled", "CANCELLED", False),
    ],
)
def test_checkpoints_are_removed_at_the_end_if_that_is_wanted(drive, tmp_path, on_end, state, stays):
    code, out, err = drive(ON_END, str(tmp_path / "checkpoints"), on_end, state).finish(timeout=120)

    assert (0, [state]) == (code, out.splitlines()), err
    assert stays == any((tmp_path / "checkpoints").iterdir())
