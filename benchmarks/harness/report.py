"""Writes the pages of docs/performance from stored results, so that no figure is typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import plot, results
from benchmarks.harness.environments import ROOT
from benchmarks.harness.results import Results
from benchmarks.harness.table import to_markdown

PAGES = ROOT / "docs" / "performance"


def write_pages(all_results: Sequence[Results], directory: Path = PAGES) -> list[Path]:
    """Writes a page, a picture and the figures of each workload, and an index of all; returns the pages."""
    directory.mkdir(parents=True, exist_ok=True)
    pages = []
    for each in all_results:
        results.write(each, directory)
        if any(contender["medians"] for contender in each["contenders"]):
            plot.draw(each, directory / f"{each['name']}.svg")
        pages.append(directory / f"{each['name']}.md")
        pages[-1].write_text(page(each))
    (directory / "README.md").write_text(index(results.read(directory), has_growth=(directory / "growth.md").exists()))
    return pages


def index(all_results: Sequence[Results], *, has_growth: bool = False) -> str:
    """Returns the page that leads to the others."""
    rows = [f"| [{each['name']}]({each['name']}.md) | {each['title']} |" for each in all_results]
    if has_growth:
        rows.append("| [growth](growth.md) | how cost grows with parallelism, record size, operators, keys and state |")
    return "\n".join(["# What was measured", "", "| | |", "|---|---|", *rows, ""])


def page(found: Results) -> str:
    """Returns the page of a workload."""
    parts = [f"# {found['name']}", found["title"] + ".", to_markdown(found)]
    if found["notes"]:
        parts.append("\n".join(f"* {note}" for note in found["notes"]))
    scale = "" if found["scale"] == 1 else f" at {found['scale']:g} of the usual number of records"
    parts.append(f"![{found['title']}]({found['name']}.svg)")
    parts.append(
        f"Medians of {found['rounds']} rounds in one run{scale}, after one that does not count. {_machine(found)}"
    )
    parts.append(f"Made by `python -m benchmarks report` from [the figures of every round]({found['name']}.json).")
    return "\n\n".join(parts) + "\n"


def _machine(found: Results) -> str:
    machine = found["machine"]
    load = "/".join(f"{each:.1f}" for each in machine["load"])
    return (
        f"Machine: {machine['cores']} cores ({machine['cpu']}), Python {machine['python']}, {machine['java']}, "
        f"load {load} at the start, commit {machine['commit']}."
    )
