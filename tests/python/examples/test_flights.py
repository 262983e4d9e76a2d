"""The demo against an exact computation in pandas."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pd = pytest.importorskip("pandas", reason="needs the examples extra: pip install anabranch[examples]")
pytest.importorskip("matplotlib", reason="needs the examples extra: pip install anabranch[examples]")

DEMO = Path(__file__).parents[3] / "examples" / "flights"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLUMNS = {"departure": "dep_delay", "arrival": "arr_delay"}


@pytest.fixture(scope="module")
def rows(flights_modules: Any) -> pd.DataFrame:
    return pd.read_csv(flights_modules.rows.data_file())


@pytest.fixture(scope="module", params=[2, 3])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict], str, Path]:
    """Runs the demo as a user would; gives its report, what it printed, and its directory."""
    if not (DEMO / "target" / "flights.jar").exists():
        pytest.fail("examples/flights/target/flights.jar is missing: run `make setup`")
    out = tmp_path_factory.mktemp("flights")
    command = [sys.executable, str(DEMO / "flights.py"), "--parallelism", str(request.param), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((out / "delays.json").read_text()), done.stdout, out


def test_reports_every_carrier_and_every_origin_once(demo, rows):
    reports, _, _ = demo

    expected = [("carrier", name) for name in sorted(rows.carrier.unique())]
    expected += [("origin", name) for name in sorted(rows.origin.unique())]
    assert [(report["dimension"], report["name"]) for report in reports] == expected


def test_counts_are_exact(demo, rows):
    for report in demo[0]:
        flights = rows[rows[report["dimension"]] == report["name"]]

        assert report["flights"] == len(flights)
        for kind, column in COLUMNS.items():
            assert report[kind]["count"] == flights[column].count()


@pytest.mark.parametrize("kind", COLUMNS)
def test_percentiles_are_within_the_stated_error(demo, rows, kind):
    for report in demo[0]:
        delays = rows[rows[report["dimension"]] == report["name"]][COLUMNS[kind]].dropna()
        summary = report[kind]
        assert 0 < summary["error"] < 0.01
        assert len(summary["percentiles"]) == 99
        for percent, value in enumerate(summary["percentiles"], start=1):
            # Many flights share a delay, so it has a range of ranks.
            lowest, highest = (delays < value).mean(), (delays <= value).mean()
            wanted = percent / 100

            assert lowest - summary["error"] <= wanted <= highest + summary["error"], (
                f"{report['name']} {kind}: {value} is no {percent} % quantile, ranks {lowest:.4f} to {highest:.4f}"
            )


def test_draws_a_table_and_a_picture(demo):
    reports, printed, out = demo

    assert all(report["name"] in printed for report in reports)
    assert "336,776 flights" in printed
    assert (out / "delays.png").read_bytes().startswith(PNG_SIGNATURE)


def test_a_sketch_gives_the_smallest_value_that_reaches_the_rank(flights_modules):
    sketch = flights_modules.delays.Sketch(values=[-5.0, 0.0, 30.0], ranks=[4, 6, 8], error=0.01)

    assert sketch.count == 8
    assert [sketch.quantile(fraction) for fraction in (0, 0.5, 0.51, 0.75, 0.76, 1)] == [-5, -5, 0, 0, 30, 30]


def test_a_sketch_without_values_has_no_quantiles(flights_modules):
    sketch = flights_modules.delays.Sketch(values=[], ranks=[], error=0.01)

    assert sketch.count == 0
    assert str(sketch.quantile(0.5)) == "nan"


@pytest.mark.parametrize("parallelism", [1, 3])
def test_the_source_emits_every_row_once_and_ends_each_subtask(flights_modules, rows, parallelism):
    emitted = [read_all(flights_modules.rows, parallelism, index) for index in range(parallelism)]

    assert all(part[-1] is None and None not in part[:-1] for part in emitted)
    together = [row for part in emitted for row in part[:-1]]
    assert len(together) == len(rows)
    assert sorted(together) == sorted(flights_modules.text)


def test_the_last_report_of_a_group_counts(flights_modules):
    summary = flights_modules.delays.Summary(0, 0.01, [])

    def report(name: str, flights: int) -> Any:
        return flights_modules.delays.Report("origin", name, flights, summary, summary)

    last = flights_modules.flights.latest([report("LGA", 1), report("EWR", 2), report("LGA", 3)])

    assert [(each.name, each.flights) for each in last] == [("EWR", 2), ("LGA", 3)]


def read_all(module: Any, parallelism: int, index: int) -> list[str | None]:
    collected: list[str | None] = []

    class Context:
        collect = collected.append
        collect_many = collected.extend

    source = module.FlightRows()
    source.init(parallelism, index)
    source.open(None)
    try:
        while True:
            source.fetch(Context())
    except module.EndOfData:
        return collected
    finally:
        source.close()
