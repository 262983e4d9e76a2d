"""What functions find in the process of a worker: what they would find in any other, from its streams to its end."""

import atexit
import contextlib
import logging
import multiprocessing
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from anabranch import JobCancelledError, JobFailedError, SinkFunction, StreamingContext

# On Ray the processes are Ray's: what they begin and end with is its affair.
pytestmark = pytest.mark.local


class WritesWithoutClosing(SinkFunction):
    def __init__(self, file: Path) -> None:
        self.path = str(file)

    def open(self, ctx) -> None:
        self.file = open(self.path, "w")  # noqa: SIM115 - that is what it is for

    def sink(self, value) -> None:
        self.file.write(f"{value}\n")


def at_the_end(value, path):
    atexit.register(Path(path).write_text, "handler")
    threading.Thread(target=time.sleep, args=(3600,)).start()  # no daemon
    return value


def fails(value):
    raise ValueError(value)


def sleeps(value):
    time.sleep(0.05)
    return value


def test_what_a_function_has_written_is_in_the_file_though_nobody_has_closed_it(tmp_path):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1, 2).sink(WritesWithoutClosing(tmp_path / "lines"))

    ctx.execute("files")

    assert (tmp_path / "lines").read_text() == "1\n2\n"


@pytest.mark.parametrize("end", ["finished", "failed", "cancelled"])
def test_exit_handlers_run_however_a_job_ends_and_no_thread_holds_it_up(tmp_path, end):
    file = tmp_path / "file"
    ctx = StreamingContext.Builder().build()
    values = ctx.from_collection(range(10_000 if end == "cancelled" else 1)).map(
        lambda x: at_the_end(x, file) if x == 0 else x
    )
    values = values.map(fails if end == "failed" else sleeps)
    values.sink(lambda x: print("running", flush=True))

    job = ctx.submit("ends")
    if end == "cancelled":
        while job.status().operators[-1].records_in == 0:
            time.sleep(0.02)
        job.cancel()
    with contextlib.suppress(JobFailedError, JobCancelledError):
        job.wait(300)

    assert file.read_text() == "handler"


def test_shutdown_hooks_of_java_run(tmp_path, acme_jar):
    ctx = StreamingContext.Builder().build().add_jar(acme_jar)
    files = ctx.from_values(str(tmp_path / "file")).as_java_stream().map("com.acme.AtTheEnd").as_python_stream()

    files.execute_and_collect("hooks")

    assert (tmp_path / "file").read_text() == "hook"


def reads(_value):
    try:
        return input()
    except EOFError:
        return "end of file"


def starts_a_reader(_value):
    return subprocess.run(["cat"], capture_output=True, timeout=300, check=True).stdout


def starts_a_pool(_value):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, [-1, -2])


@pytest.mark.parametrize(
    ("function", "result"), [(reads, "end of file"), (starts_a_reader, b""), (starts_a_pool, [1, 2])]
)
def test_standard_input_is_at_its_end_and_other_processes_can_be_started(function, result):
    ctx = StreamingContext.Builder().build()

    assert ctx.from_values(1).map(function).execute_and_collect("input") == [result]


def logs(value):
    logging.basicConfig(level=logging.INFO)
    logging.getLogger().info("value %d", value)
    return value


def test_logging_is_the_functions_to_configure(capfd):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(7).map(logs).sink(lambda x: None)

    ctx.execute("logging")

    assert "INFO:root:value 7" in capfd.readouterr().err


def prints_oddly(_value):
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.reconfigure(line_buffering=True)
    thread = threading.Thread(target=print, args=("of a thread",), kwargs={"end": ""})
    thread.start()
    thread.join()


def test_whatever_is_printed_appears(capfd):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).sink(prints_oddly)

    ctx.execute("prints")

    assert sorted(capfd.readouterr().out.splitlines()) == ["bytes", "of a thread"]


PRINTS = """
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build()
ctx.from_values("plain", "caf\\u00e9 \\u6f22").sink(print)
ctx.execute("prints")
"""


def test_what_the_console_has_no_character_for_is_written_out(drive):
    code, out, _ = drive(PRINTS, PYTHONIOENCODING="ascii").finish()

    assert (0, "plain\ncaf\\xe9 \\u6f22\n") == (code, out)


def test_a_driver_without_streams_runs_its_job(drive):
    script = "import sys\nsys.stdout = sys.stderr = None\n" + PRINTS + "open('ended', 'w').close()\n"
    driver = drive(script)

    assert driver.finish(timeout=300)[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_functions_have_started_ends_with_the_job(tmp_path):
    def starts(file):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        Path(file).write_text(str(process.pid))

    ctx = StreamingContext.Builder().build()
    ctx.from_values(str(tmp_path / "pid")).sink(starts)

    ctx.execute("children")

    stat = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    deadline = time.monotonic() + 100
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


SIGTERM = """
import signal, sys, time
from anabranch import SourceFunction, StreamingContext

class Ticks(SourceFunction):
    def init(self, parallelism, index):
        pass
    def fetch(self, ctx):
        ctx.collect(1)
        time.sleep(0.01)

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(9))
ctx = StreamingContext.Builder().build()
ctx.source(Ticks()).sink(lambda x: print("running"))
"""


@pytest.mark.parametrize("rest", ["ctx.execute('ticks')", "ctx.submit('ticks'); time.sleep(3600)"])
def test_a_signal_that_the_script_exits_at_cancels_the_job(drive, rest):
    driver = drive(SIGTERM + rest)
    driver.wait_for_line("running")

    driver.process.terminate()

    assert driver.finish(timeout=300)[0] == 9
    driver.wait_until_alone()


def test_a_process_that_was_forked_from_a_driver_waits_for_no_job_of_it_and_is_told_that_it_runs_none(drive):
    script = (
        SIGTERM
        + """
import os
from anabranch import ConfigError
job = ctx.submit("ticks")
pid = os.fork()
if pid == 0:
    try:
        other = StreamingContext.Builder().build()
        other.from_values(1).execute_and_collect("forked")
    except ConfigError as error:
        print("told" if "forked" in str(error) else error, flush=True)
    sys.exit(4)
print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
job.cancel()
"""
    )
    code, out, _ = drive(script).finish(timeout=300)

    assert code == 0
    assert "told" in out
    assert "child 4" in out
