"""Pages and pictures are made from the figures alone."""

from __future__ import annotations

import json

import pytest
from benchmarks.harness import report, results
from benchmarks.harness.table import number

FOUND = {
    "name": "work",
    "title": "Some work",
    "unit": "records",
    "metric": "per_second",
    "higher_is_better": True,
    "figures": {},
    "notes": ["The peer does less."],
    "rounds": 1,
    "scale": 0.5,
    "machine": {"cores": 2, "cpu": "a CPU", "python": "3.11", "java": "17", "load": [0, 0, 0], "commit": "abc"},
    "contenders": [
        {
            "name": "anabranch",
            "title": "Anabranch",
            "ours": True,
            "records": 10,
            "missing": "",
            "failure": "",
            "medians": {"seconds": 1.0, "per_second": 10.0, "peak_mib": 12.3},
            "rounds": [{"seconds": 1.0, "per_second": 10.0, "peak_mib": 12.3}],
        },
        {
            "name": "peer",
            "title": "Peer",
            "ours": False,
            "records": 10,
            "missing": "no wheel",
            "failure": "",
            "medians": {},
            "rounds": [],
        },
    ],
}


def test_a_page_has_table_picture_machine_and_what_is_missing(tmp_path):
    (page,) = report.write_pages([FOUND], tmp_path)

    text = page.read_text()
    assert "| Anabranch | 1.00 | 10.0 | 1.00x | 12.3 | 10 |" in text
    assert "* Peer: missing: no wheel" in text
    assert "* The peer does less." in text
    assert "Medians of 1 rounds in one run at 0.5 of the usual number of records" in text
    assert "2 cores (a CPU)" in text
    assert "<svg" in (tmp_path / "work.svg").read_text()
    assert "| [work](work.md) | Some work |" in (tmp_path / "README.md").read_text()
    assert json.loads((tmp_path / "work.json").read_text()) == FOUND


def test_the_same_figures_make_the_same_files(tmp_path):
    report.write_pages([FOUND], tmp_path / "a")
    report.write_pages(results.read(tmp_path / "a"), tmp_path / "b")

    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_figures_of_another_form_are_left_out(tmp_path):
    (tmp_path / "recovery.json").write_text('{"rows": []}')

    assert results.read(tmp_path) == []


@pytest.mark.parametrize(
    ("value", "shown"), [(1234567.0, "1,234,567"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123")]
)
def test_numbers_have_the_digits_that_count(value, shown):
    assert number(value) == shown
