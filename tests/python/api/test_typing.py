"""What type checkers make of jobs."""

import re
import subprocess
import sys
from pathlib import Path

from anabranch import DataStream, KeyDataStream, StreamingContext

JOBS = Path(__file__).parent / "typing"


def test_a_type_checker_accepts_right_jobs_and_refuses_each_wrong_line(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "--no-pretty"]
    command += ["--config-file=", "--cache-dir", str(tmp_path), "--follow-imports=silent"]
    checked = subprocess.run(
        [*command, "right_jobs.py", "wrong_jobs.py"], cwd=JOBS, capture_output=True, text=True, timeout=280, check=False
    )
    assert "" == checked.stderr

    found = set(re.findall(r"^(\w+\.py:\d+): error: .*\[([\w-]+)\]$", checked.stdout, re.MULTILINE))
    wanted = {
        (f"wrong_jobs.py:{number}", code)
        for number, line in enumerate((JOBS / "wrong_jobs.py").read_text().splitlines(), 1)
        for codes in re.findall(r"  # wrong: ([\w, -]+)$", line)
        for code in codes.split(", ")
    }
    assert len(wanted) > 20
    assert wanted == found, checked.stdout


def test_parameters_change_nothing_of_what_runs():
    stream: DataStream[int] = StreamingContext().from_values(1)

    assert type(stream.key_by(lambda x: x)) is KeyDataStream
    assert not hasattr(stream, "__orig_class__")
    assert DataStream[int].map is DataStream.map
