"""The end of a worker's process."""

import gzip
import subprocess
import sys

START = """
import atexit, gc, gzip, io, logging, sys, threading, time
from anabranch.task import stdio
from anabranch.worker.process_end import end_process
stdio.install()
"""


def run(text: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", START + text, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_files_that_nobody_has_closed_are_written_out(tmp_path):
    run(
        """
text = open(sys.argv[1] + "/text", "w"); text.write("text")
data = open(sys.argv[1] + "/data", "wb"); data.write(b"data")
packed = gzip.open(sys.argv[1] + "/packed", "wt"); packed.write("packed")
gc.disable()  # it may close the file of a cycle before its buffer, as in any process
in_a_circle = [open(sys.argv[1] + "/circle", "w")]; in_a_circle[0].write("circle"); in_a_circle.append(in_a_circle)
del in_a_circle
end_process(0)
""",
        tmp_path,
    )

    assert (tmp_path / "text").read_text() == "text"
    assert (tmp_path / "data").read_text() == "data"
    assert (tmp_path / "circle").read_text() == "circle"
    with gzip.open(tmp_path / "packed", "rt") as packed:
        assert packed.read() == "packed"


def test_exit_handlers_run_and_what_they_print_appears():
    ended = run('atexit.register(print, "handler", end=""); print("line", end=""); end_process(3)')

    assert (3, "linehandler\n") == (ended.returncode, ended.stdout)


def test_handlers_of_logging_are_closed(tmp_path):
    run(
        """
import logging.handlers
target = logging.FileHandler(sys.argv[1])
logging.getLogger().addHandler(logging.handlers.MemoryHandler(1000, target=target))
logging.warning("kept in memory")
end_process(0)
""",
        tmp_path / "log",
    )

    assert (tmp_path / "log").read_text() == "kept in memory\n"


def test_neither_threads_nor_exit_handlers_keep_it_alive():
    ended = run(
        """
threading.Thread(target=time.sleep, args=(3600,)).start()
atexit.register(time.sleep, 3600)
end_process(0)
"""
    )

    assert ended.returncode == 0


def test_what_fails_at_the_end_does_not_hold_up_the_rest(tmp_path):
    ended = run(
        """
class Failing(io.RawIOBase):
    def close(self): raise SystemExit(7)
failing = Failing()
atexit.register(sys.exit, 8)
text = open(sys.argv[1], "w"); text.write("text")
end_process(0)
""",
        tmp_path / "text",
    )

    assert ended.returncode == 0
    assert (tmp_path / "text").read_text() == "text"
