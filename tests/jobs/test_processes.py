"""What functions find in the process of a worker: what they would find in any other, from its streams to its end."""

import asyncio
import atexit
import contextlib
import logging
import logging.config
import math
import multiprocessing
import os
import pdb  # noqa: T100 - to see what it does
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
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


@pytest.mark.parametrize(("function", "result"), [(reads, "end of file"), (starts_a_reader, b"")])
def test_standard_input_is_at_its_end(function, result):
    ctx = StreamingContext.Builder().build()

    assert ctx.from_values(1).map(function).execute_and_collect("input") == [result]


def starts_pools(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        of_pool = pool.map(math.sqrt, [4, 9])
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        return of_pool, list(executor.map(math.sqrt, [4, 9]))


def forks(end):
    """Ends a forked process in one way; returns how it ended."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        print("child", end)
        match end:
            case "exit":
                sys.exit(5)
            case "fail":
                raise ValueError("in the child")
            case "return":
                return "of the child"
            case _:
                sys.stdout.flush()
                os._exit(6)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes_work(method, capfd):
    ctx = StreamingContext.Builder().build()

    assert ctx.from_values(method).map(starts_pools).execute_and_collect("pools") == [([2.0, 3.0], [2.0, 3.0])]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("exit", 5, ""),
        ("fail", 1, "ValueError: in the child"),
        ("return", 1, "which a function has forked, returned"),
        ("_exit", 6, ""),
    ],
)
def test_a_process_that_a_function_forks_ends_as_any_and_takes_no_part_in_the_job(capfd, end, code, said):
    ctx = StreamingContext.Builder().build()
    ends = ctx.from_values(end).map(forks).map(lambda code: print("went on") or code)

    assert ends.execute_and_collect("forks") == [code]

    out, err = capfd.readouterr()
    assert sorted(out.splitlines()) == [f"child {end}", "went on"]
    assert said in err


def test_what_a_forked_process_prints_appears_also_where_lines_have_the_name_of_their_task(capfd):
    ctx = StreamingContext.Builder().option("anabranch.log.prefix", "on").build()

    assert ctx.from_values("exit").map(forks).execute_and_collect("forks") == [5]

    assert "child exit" in capfd.readouterr().out


def test_a_thread_that_exits_ends_alone():
    def exits(value):
        thread = threading.Thread(target=sys.exit, args=(3,))
        thread.start()
        thread.join()
        return value

    assert StreamingContext.Builder().build().from_values(1).map(exits).execute_and_collect("exits") == [1]


def debugs(_value):
    breakpoint()  # noqa: T100


def debugs_with_pdb(_value):
    pdb.set_trace()  # noqa: T100


def sets_an_alarm(_value):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def gets_the_event_loop(value):
    async def doubled():
        await asyncio.sleep(0)
        return 2 * value

    return asyncio.get_event_loop().run_until_complete(doubled())


def gets_the_event_loop_that_was_taken_away(value):
    asyncio.run(asyncio.sleep(0))  # which, on the main thread too, leaves none
    return gets_the_event_loop(value)


def exits(_value):
    sys.exit(3)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (debugs, "RuntimeError: breakpoint(): a worker has no terminal to debug on"),
        (debugs_with_pdb, "hint: a worker has no terminal to debug on"),
        (sets_an_alarm, "hint: functions run on a thread of the worker, where Python handles no signals"),
        (gets_the_event_loop_that_was_taken_away, "hint: use asyncio.run(...)"),
        (exits, "SystemExit: 3"),
    ],
)
def test_what_a_worker_does_not_offer_is_an_error_that_says_so(function, said):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).map(function).sink(print)

    with pytest.raises(JobFailedError) as error:
        ctx.execute("lacks")

    assert said in str(error.value)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there no thread of a script is given one either")
def test_a_function_may_ask_for_the_event_loop_of_its_thread():
    ctx = StreamingContext.Builder().build()

    assert ctx.from_values(1, 2).map(gets_the_event_loop).execute_and_collect("loop") == [2, 4]


FLAGS = """
import os, subprocess, sys, warnings
from anabranch import StreamingContext

def look(value):
    assert False, "not with -O"
    warnings.warn("from the worker", UserWarning)

def env(value):
    code = "import signal, sys; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, sys.stdin.read())"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return started.stdout.strip(), sys.flags.optimize, sys.flags.dev_mode, "ANABRANCH_TOKEN" in os.environ

ctx = StreamingContext.Builder().build()
print(ctx.from_values(1).map(env).execute_and_collect("flags"))
ctx.from_values(1).sink(look)
ctx.execute("warns")
"""


def test_the_flags_of_the_drivers_python_hold_for_workers(tmp_path):
    script = tmp_path / "main.py"
    script.write_text(FLAGS)
    flags = ["-O", "-X", "dev", "-W", "error::UserWarning", "-E"]

    driver = subprocess.run([sys.executable, *flags, str(script)], capture_output=True, text=True, check=False)

    assert "[('True', 1, True, False)]" in driver.stdout
    assert "operator 'sink-2' failed" in driver.stderr
    assert "UserWarning: from the worker" in driver.stderr


def logs_as_configured(value):
    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {"short": {"format": "%(name)s/%(levelname)s: %(message)s"}},
            "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "short"}},
            "root": {"level": "DEBUG", "handlers": ["out"]},
        }
    )
    logging.getLogger("acme.jobs").debug("value %d", value)


def logs_with_basic_config(value):
    logging.basicConfig(level=logging.INFO)
    logging.getLogger().info("value %d", value)


def logs_with_what_is_there(value):
    logging.getLogger("acme").info("nobody has asked for this")
    logging.getLogger("acme").warning("value %d", value)


class LogsToAFile(SinkFunction):
    def __init__(self, file: Path) -> None:
        self.path = str(file)

    def open(self, ctx) -> None:
        logging.basicConfig(filename=self.path, level=logging.DEBUG, format="%(levelname)s %(message)s", force=True)

    def sink(self, value) -> None:
        logging.debug("value %d", value)  # noqa: LOG015 - what many scripts do


@pytest.mark.parametrize(
    ("function", "stream", "line"),
    [
        (logs_with_basic_config, "err", "INFO:root:value 7"),
        (logs_as_configured, "out", "acme.jobs/DEBUG: value 7"),
        (logs_with_what_is_there, "err", "value 7"),
        (lambda _: warnings.warn("of a function", stacklevel=1), "err", "UserWarning: of a function"),
    ],
)
def test_logging_and_warnings_are_the_functions_to_configure(capfd, function, stream, line):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(7).sink(function)

    ctx.execute("logging")

    shown = getattr(capfd.readouterr(), stream)
    assert line in shown
    assert "nobody has asked" not in shown


def test_a_handler_that_logs_to_a_file_has_written_all_of_it(tmp_path):
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1, 2).sink(LogsToAFile(tmp_path / "log"))

    ctx.execute("logging")

    assert "DEBUG value 1\nDEBUG value 2\n" in (tmp_path / "log").read_text()


def test_libraries_in_java_find_their_configuration_in_the_jars_of_the_job_and_print(tmp_path, acme_jar, capfd):
    (tmp_path / "acme.properties").write_text("level=info")
    ctx = StreamingContext.Builder().build().add_jar(acme_jar).add_jar(str(tmp_path))
    stream = ctx.from_values("x").as_java_stream().map("com.acme.Configured").as_python_stream()

    assert stream.execute_and_collect("java") == ["level=info"]

    out, err = capfd.readouterr()
    assert out.splitlines() == ["10 %", "of another thread", "20 %"]
    assert "INFO: by java.util.logging" in err


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


def test_the_hash_seed_of_the_script_is_that_of_the_workers(drive):
    script = """
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build()
(hashed,) = ctx.from_values("a").map(lambda text: hash(text)).execute_and_collect("hashes")
print(hashed == hash("a"))
"""
    assert "True\n" == drive(script, PYTHONHASHSEED="0").finish()[1]
    assert "False\n" == drive(script, PYTHONHASHSEED="random").finish()[1]
