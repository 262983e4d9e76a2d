"""The benchmarks run, check their results and write what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ["crossing", "wordcount", "startup-python", "startup-jvm"]


@pytest.fixture
def benchmarks(monkeypatch):
    """The package benchmarks/, which is not installed."""
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.__main__
    import benchmarks.crossing
    import benchmarks.wordcount

    yield benchmarks
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def test_every_benchmark_runs_and_writes_its_figures(tmp_path):
    done = run("--rounds", "1", "--scale", "0.01", "--out", str(tmp_path))

    assert done.returncode == 0, done.stderr
    for name in NAMES:
        results = json.loads((tmp_path / f"{name}.json").read_text())
        assert [len(each["seconds"]) for each in results["contenders"]] == [1, 1]
        assert results["machine"]["cores"] == os.cpu_count()
        assert results["title"] in done.stdout


def test_an_unknown_name_is_refused():
    done = run("crossings")

    assert done.returncode == 2
    assert "unknown: crossings" in done.stderr


def test_a_run_with_a_wrong_result_is_no_result(benchmarks):
    with pytest.raises(benchmarks.measure.WrongResultError, match="expected"):
        benchmarks.wordcount.run_loop(100, {"word1": 100})
    with pytest.raises(benchmarks.measure.WrongResultError, match="expected"):
        benchmarks.crossing.run_pipe(100, 0)
