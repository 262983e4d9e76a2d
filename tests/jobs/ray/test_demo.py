"""The demo on three nodes, on a machine where Ray has never run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("pandas", reason="needs the examples extra: pip install anabranch[examples]")
pytest.importorskip("matplotlib", reason="needs the examples extra: pip install anabranch[examples]")

DEMO = Path(__file__).parents[3] / "examples" / "flights"
FLIGHTS = 336_776


def test_the_demo_reports_all_flights_and_leaves_nothing_where_ray_looks_for_clusters(tmp_path):
    if not (DEMO / "target" / "flights.jar").exists():
        pytest.fail("examples/flights/target/flights.jar is missing: run `make setup`")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "ANABRANCH_"))}

    with tempfile.TemporaryDirectory(dir="/tmp") as fresh:  # short: Unix sockets are in there
        done = subprocess.run(
            [sys.executable, str(DEMO / "flights_on_ray.py"), "--out", str(tmp_path)],
            env={**environment, "TMPDIR": fresh},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        left = list(Path(fresh).rglob("*"))

    assert done.returncode == 0, done.stderr
    reports = json.loads((tmp_path / "delays.json").read_text())
    assert sum(report["flights"] for report in reports if report["dimension"] == "carrier") == FLIGHTS
    assert left == []
