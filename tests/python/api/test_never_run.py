"""What a script is told at its end of jobs that it has described and not run."""

import signal
import subprocess
import sys

import pytest

DESCRIBES = """
import sys
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build()
s = ctx.from_values(1)
s.sink(print)
"""


def run(tmp_path, script: str, *flags: str) -> str:
    (tmp_path / "job.py").write_text(script)
    command = [sys.executable, *flags, "job.py"]
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stderr


def test_a_forgotten_execute_is_named_with_its_line(tmp_path):
    said = run(tmp_path, DESCRIBES)

    assert f"{tmp_path}/job.py:5: a job was described here and never run; end it with ctx.execute" in said
    assert len(said.splitlines()) == 1


def test_contexts_that_are_gone_count_too(tmp_path):
    indented = DESCRIBES.replace("\n", "\n    ")
    said = run(tmp_path, f"def main():{indented}\nmain()\nmain()\n")

    assert "job.py:5: a job was described here and never run (and 1 more)" in said


@pytest.mark.parametrize(
    "rest",
    [
        "ctx.execute('j')",
        "ctx.submit('j')",
        "ctx.discard()",
        "ctx.explain()",
        "try:\n    s.map(3)\nexcept ValueError:\n    pass",
        "try:\n    s.as_java_stream().map(len)\nexcept ValueError:\n    pass",
    ],
)
def test_a_script_that_has_dealt_with_its_job_is_told_nothing(tmp_path, rest):
    assert run(tmp_path, DESCRIBES + rest) == ""


def test_what_a_function_of_atexit_deals_with_is_dealt_with(tmp_path):
    first = "import atexit\natexit.register(lambda: ctx.discard())\n"

    assert run(tmp_path, DESCRIBES.replace("ctx =", f"{first}ctx =")) == ""


def test_a_job_that_is_submitted_too_late_is_told_so(tmp_path):
    first = "import atexit\natexit.register(lambda: ctx.execute('late'))\n"
    said = run(tmp_path, DESCRIBES.replace("ctx =", f"{first}ctx ="))

    assert "AnabranchError: job 'late' cannot be started any more: the script has ended" in said
    assert "never run" not in said


def test_what_a_function_of_atexit_describes_counts_too(tmp_path):
    said = run(tmp_path, "import anabranch, atexit\n@atexit.register\ndef late():" + DESCRIBES.replace("\n", "\n    "))

    assert "job.py:7: a job was described here and never run" in said


@pytest.mark.parametrize("rest", ["1 / 0", "raise KeyboardInterrupt"])
def test_a_script_that_has_failed_has_other_worries(tmp_path, rest):
    said = run(tmp_path, DESCRIBES + rest)

    assert "Error" in said or "KeyboardInterrupt" in said
    assert "never run" not in said


def test_a_script_that_was_interrupted_is_told_nothing(tmp_path):
    said = run(tmp_path, f"{DESCRIBES}import os, time\nos.kill(os.getpid(), {signal.SIGINT:d})\ntime.sleep(60)")

    assert "KeyboardInterrupt" in said
    assert "never run" not in said


def test_who_types_at_a_prompt_is_told_nothing(tmp_path):
    assert "never run" not in run(tmp_path, DESCRIBES, "-i")


def test_a_child_process_is_not_told_of_its_parents_jobs(tmp_path):
    said = run(tmp_path, f"{DESCRIBES}import os\nif os.fork():\n    os.wait()\n    ctx.discard()")

    assert said == ""
