"""Measures the dimensions, flags steps that are worse than linear, and writes growth-NAME.json and .svg."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.growth.dimensions import DIMENSIONS, Dimension, Series
from benchmarks.growth.linear import steps
from benchmarks.growth.plot import draw
from benchmarks.harness import Contender
from benchmarks.harness.compare import RoundFailedError, run_once
from benchmarks.measure import machine

Progress = Callable[[str], None]


def run(rounds: int, scale: float, only: Sequence[str], out: Path, progress: Progress) -> bool:
    """Measures all dimensions, or those that are named; says whether every step was as it should be."""
    good = True
    for dimension in DIMENSIONS:
        if not only or dimension.name in only:
            found = _measure(dimension, rounds, scale, progress)
            (out / f"growth-{dimension.name}.json").write_text(json.dumps(found, indent=1) + "\n")
            draw(found, out / f"growth-{dimension.name}.svg")
            good &= not any(series["failure"] or series["worse_than_linear"] for series in found["series"])
    return good


def _measure(dimension: Dimension, rounds: int, scale: float, progress: Progress) -> dict[str, Any]:
    return {
        "name": dimension.name,
        "title": dimension.title,
        "figure": dimension.figure,
        "per_record": dimension.per_record,
        "rounds": rounds,
        "series": [_measure_series(dimension, series, rounds, scale, progress) for series in dimension.series],
        "machine": machine(),
    }


def _measure_series(
    dimension: Dimension, series: Series, rounds: int, scale: float, progress: Progress
) -> dict[str, Any]:
    points: list[dict[str, float]] = []
    failure = ""
    for size in dimension.sizes:
        records = max(1, int(series.records(size) * scale))
        contender = Contender("anabranch", series.title, series.command(size), timeout=600.0)
        try:
            check = series.expected(records, size)
            all_rounds = [run_once(contender, records, check) for _ in range(rounds)]
        except RoundFailedError as error:
            failure = f"{dimension.name} {size}: {error}"
            progress(f"growth, {series.title}, {failure}")
            break
        point = {key: statistics.median(each[key] for each in all_rounds) for key in all_rounds[0]}
        point |= {"size": size, "seconds_per_record": point["seconds"] / records}
        points.append(point)
        progress(
            f"growth, {dimension.name} {size}, {series.title}: {point[dimension.figure]:.3g} {dimension.figure}, "
            f"{point['per_second']:,.0f} records/s, {point['peak_mib']:.0f} MiB"
        )
    sizes = [point["size"] for point in points]
    found = steps(sizes, [point[dimension.figure] * (1 if dimension.per_record else point["size"]) for point in points])
    worse = [asdict(step) for step in found if step.worse_than_linear]
    for step in worse:
        where = f"{dimension.name} {step['smaller']:g} to {step['larger']:g}, {series.title}"
        progress(f"growth, {where}: WORSE THAN LINEAR, exponent {step['exponent']:.2f}")
    return {
        "title": series.title,
        "points": points,
        "steps": [asdict(step) for step in found],
        "worse_than_linear": worse,
        "failure": failure,
    }
