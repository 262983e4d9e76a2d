"""What the driver shows: whole lines as they happen, and progress on a terminal only."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest

SCRIPT = """
import time
from anabranch import StreamingContext
ctx = StreamingContext.Builder(){option}.build()
ctx.from_collection(range(3)).map(lambda x: time.sleep(0.8) or x).with_name("slow map").sink(lambda x: print("line", x))
ctx.execute("shown")
"""


def run_on_a_terminal(script: str, tmp_path) -> str:
    """Runs a script with a terminal as its standard streams; returns all that it wrote to it."""
    path = tmp_path / "main.py"
    path.write_text(script)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen([sys.executable, str(path)], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    written, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.5)[0]:
            try:
                written += os.read(ours, 65536)
            except OSError:
                break
    os.close(ours)
    assert 0 == process.wait(60)
    return written.decode()


def test_a_terminal_shows_progress_and_the_lines_above_it(tmp_path):
    shown = run_on_a_terminal(SCRIPT.format(option=""), tmp_path)

    assert "slow map" in shown
    assert "in/s" in shown
    assert "job shown: FINISHED after" in shown
    for number in range(3):
        assert f"line {number}" in shown


def test_names_are_shown_as_they_are_and_what_records_hold_does_not_steer_the_terminal(tmp_path):
    script = SCRIPT.format(option="").replace("slow map", "a[/b] [json]").replace('"shown"', '"etl[/daily]"')
    script = script.replace('print("line", x)', 'print("\\x1b]0;title\\x07\\b[other (1/1)]", x)')

    shown = run_on_a_terminal(script, tmp_path)

    assert "a[/b] [json]" in shown
    assert "job etl[/daily]: FINISHED after" in shown
    assert "\\x1b]0;title\\x07\\x08[other (1/1)] 2" in shown
    assert "\x1b]0" not in shown


def test_progress_that_goes_to_a_file_is_the_last_table(drive):
    script = SCRIPT.format(option='.option("anabranch.progress", "on")').replace("slow map", "parse [json]")

    code, _, err = drive(script).finish()

    assert code == 0
    assert 1 == err.count("parse [json]")
    assert "job shown: FINISHED after" in err


def test_lines_that_go_to_a_file_stay_as_they_are(drive):
    script = SCRIPT.format(option="").replace('print("line", x)', 'print("\\x1b[1mline", x)')

    assert "\x1b[1mline 0\n\x1b[1mline 1\n\x1b[1mline 2\n" == drive(script).finish()[1]


def test_progress_can_be_switched_off(tmp_path):
    shown = run_on_a_terminal(SCRIPT.format(option='.option("anabranch.progress", "off")'), tmp_path)

    assert ["line 0", "line 1", "line 2"] == shown.split("\r\n")[:-1]


def test_without_a_terminal_there_is_nothing_but_the_lines(drive):
    assert (0, "line 0\nline 1\nline 2\n", "") == drive(SCRIPT.format(option="")).finish()


def test_lines_appear_while_the_job_runs(drive):
    driver = drive(SCRIPT.format(option=""))

    driver.wait_for_line("line 0")

    assert driver.process.poll() is None
    assert driver.finish()[0] == 0


@pytest.mark.parametrize("parallelism", [1, 3])
def test_every_line_is_whole(drive, acme_jar, parallelism):
    script = f"""
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build().set_parallelism({parallelism})
ctx.add_jar({acme_jar!r})
numbers = ctx.from_collection(range(3000))
numbers.sink(lambda x: print("python", x, "x" * 50))
numbers.as_java_stream().sink("com.acme.Functions$Print")
ctx.execute("lines")
"""
    code, out, err = drive(script).finish()

    assert (0, "") == (code, err)
    expected = [f"python {x} {'x' * 50}" for x in range(3000)] + [f"java {x}" for x in range(3000)]
    assert sorted(expected) == sorted(out.splitlines())


@pytest.mark.local  # where atexit works as in any process
def test_lines_are_printed_with_their_task_if_that_is_wanted(drive, acme_jar):
    script = """
import atexit, subprocess, sys
from anabranch import StreamingContext

def show(x):
    print("python", x)
    print("problem", x, file=sys.stderr)
    if x == 2:
        print("unfinished", end="")
        atexit.register(print, "at the end")

ctx = StreamingContext.Builder().option("anabranch.log.prefix", "on").build().add_jar(sys.argv[1])
numbers = ctx.from_values(1, 2)
numbers.map(lambda x: x).disable_chain().sink(show).disable_chain().with_name("shows")
numbers.as_java_stream().sink("com.acme.Functions$Print").with_name("prints")
ctx.execute("prints")
"""
    code, out, err = drive(script, acme_jar).finish(120)

    assert code == 0, err
    printed = out.splitlines()
    assert ["[shows (1/1)] python 1", "[shows (1/1)] python 2", "[shows (1/1)] unfinished"] == [
        line for line in printed if line.startswith("[shows")
    ]
    assert ["[prints (1/1)] java 1", "[prints (1/1)] java 2"] == [
        line for line in printed if line.startswith("[prints")
    ]
    assert "at the end" in printed
    assert ["[shows (1/1)] problem 1", "[shows (1/1)] problem 2"] == err.splitlines()


@pytest.mark.local
def test_the_death_of_a_worker_whose_lines_have_a_prefix_tells_what_it_said_last(drive):
    script = """
import os, sys, time
from anabranch import StreamingContext

def die(x):
    print("out of luck", file=sys.stderr)
    time.sleep(1)
    os._exit(3)

ctx = StreamingContext.Builder().option("anabranch.log.prefix", "on").build()
ctx.from_values(1).sink(die)
ctx.execute("dies")
"""
    code, _, err = drive(script).finish(120)

    assert code == 1
    assert "exited with code 3" in err
    assert "its last lines on stderr:\n  out of luck" in err
