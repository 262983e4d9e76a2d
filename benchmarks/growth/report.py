"""Writes the page about growth from figures of runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.growth.plot import draw

Found = dict[str, Any]


def read(directory: Path) -> list[Found]:
    """Reads what runs have written."""
    return [json.loads(path.read_text()) for path in sorted(directory.glob("growth-*.json"))]


def write_page(all_found: Sequence[Found], directory: Path) -> list[Path]:
    """Stores these figures with their plots, and writes one page about all that are stored; returns the page."""
    if not all_found:
        return []
    for found in all_found:
        name = f"growth-{found['name']}"
        (directory / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
        draw(found, directory / f"{name}.svg")
    path = directory / "growth.md"
    path.write_text(page(read(directory)))
    return [path]


def page(all_found: Sequence[Found]) -> str:
    """Returns the page."""
    parts = [
        "# growth",
        "One thing made larger at a time. Dotted: linear, from the smallest size. Red: a step worse than linear.",
    ]
    for found in all_found:
        parts += [f"## {found['name']}", f"Size: {found['title']}.", *map(_steps, found["series"]), _table(found)]
        parts.append(f"![{found['title']}](growth-{found['name']}.svg)")
        machine = found["machine"]
        parts.append(f"Median of {found['rounds']} rounds. {machine['cores']} cores, commit {machine['commit']}.")
    parts.append("Made by `python -m benchmarks report` from the figures of `python -m benchmarks growth`.")
    return "\n\n".join(parts) + "\n"


def _table(found: Found) -> str:
    unit, factor = ("ms", 1e3) if found["figure"] == "checkpoint_seconds" else ("µs", 1e6)
    rows = [f"| | size | {unit} | records/s | peak memory, MiB | exponent |", "|---|---|---|---|---|---|"]
    for series in found["series"]:
        exponents = {step["larger"]: f"{step['exponent']:.2f}" for step in series["steps"]}
        rows += (
            f"| {series['title']} | {point['size']:,.0f} | {point[found['figure']] * factor:,.3g} "
            f"| {point['per_second']:,.0f} | {point['peak_mib']:,.0f} | {exponents.get(point['size'], '')} |"
            for point in series["points"]
        )
    return "\n".join(rows)


def _steps(series: Found) -> str:
    if series["failure"]:
        return f"* {series['title']}: failed at {series['failure']}"
    worse = [f"{step['smaller']:,.0f} to {step['larger']:,.0f}" for step in series["worse_than_linear"]]
    said = f"worse than linear from {', '.join(worse)}" if worse else "no step is worse than linear"
    return f"* {series['title']}: {said}"
