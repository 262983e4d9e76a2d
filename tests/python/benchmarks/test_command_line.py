"""The benchmarks run, check their results and write what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def test_ours_and_what_needs_no_installation_run_and_write_their_figures(tmp_path):
    names = ["anabranch", "loop", "pipe", "bare"]
    only = [part for name in names for part in ("--only", name)]

    done = run("--rounds", "1", "--scale", "0.01", "--out", str(tmp_path), *only)

    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("crossing", "wordcount", "startup-python", "startup-jvm"):
        results = json.loads((tmp_path / f"{name}.json").read_text())
        assert [len(each["rounds"]) for each in results["contenders"]] == [1, 1]
        assert results["machine"]["cores"] == os.cpu_count()
        assert results["title"] in done.stdout


def test_an_unknown_name_is_refused():
    done = run("crossings")

    assert done.returncode == 2
    assert "unknown: crossings" in done.stderr


def test_all_workloads_and_what_compares_the_engine_with_itself_are_listed():
    done = run("list")

    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"crossing", "wordcount", "startup-python", "startup-jvm", "ray", "startup-ray"} <= listed
    assert {"cost-wordcount", "cost-crossing", "recovery"} <= listed
