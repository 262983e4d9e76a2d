"""What all processes of a command take is counted, whoever waits for them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.harness import usage
from benchmarks.harness.usage import Usage, run

BUSY = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def run_python(script, *arguments, timeout=30):
    return run([sys.executable, "-c", script, *arguments], Path.cwd(), {}, timeout)


def test_cpu_of_a_child_and_of_an_orphan_is_counted():
    child = run_python("import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])", BUSY)
    orphan = run_python("import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])", BUSY)

    assert 0.3 <= child.cpu_seconds < 1.0
    assert 0.3 <= orphan.cpu_seconds < 1.0
    assert orphan.left_behind == 0


def test_memory_of_all_processes_is_added_up():
    hold = "import time; kept = b'x' * (40 << 20); time.sleep(2)"
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); {hold}"

    assert 80 << 20 <= run_python(script, hold).peak_bytes < 200 << 20


def test_what_is_left_behind_is_killed(monkeypatch):
    monkeypatch.setattr(usage, "_GRACE", 0.1)
    started = time.monotonic()

    found = run_python("import subprocess; subprocess.Popen(['sleep', '60'])")

    assert found.left_behind == 1
    assert time.monotonic() < started + 10


def test_cpu_seconds_between_two_times_are_interpolated():
    found = Usage(0.0, cpu=[(1.0, 0.0), (2.0, 1.0), (4.0, 1.0), (5.0, 3.0)])

    assert found.cpu_seconds_between(1.5, 4.5) == 1.5
    assert found.cpu_seconds_between(0.0, 9.0) == 3.0
