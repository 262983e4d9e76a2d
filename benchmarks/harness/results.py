"""What a run found, as JSON; everything that is shown is made from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.compare import Outcome
from benchmarks.harness.workload import Workload

Results = dict[str, Any]


def to_results(
    workload: Workload, outcomes: Sequence[Outcome], rounds: int, machine: dict[str, object], scale: float = 1.0
) -> Results:
    """Returns all figures, ready for JSON."""
    return {
        "name": workload.name,
        "title": workload.title,
        "unit": workload.unit,
        "metric": workload.metric,
        "higher_is_better": workload.higher_is_better,
        "figures": dict(workload.figures),
        "notes": list(workload.notes),
        "rounds": rounds,
        "scale": scale,
        "contenders": [
            {
                "name": each.contender.name,
                "title": each.contender.title,
                "ours": each.contender.ours,
                "records": each.records,
                "missing": each.missing_reason,
                "failure": each.failure,
                "medians": each.medians,
                "rounds": each.rounds,
            }
            for each in outcomes
        ],
        "machine": machine,
    }


def advantage(results: Results, ours: dict[str, Any], theirs: dict[str, Any]) -> float | None:
    """Returns how many times as good as another contender one is, or None if either has no figures."""
    metric = results["metric"]
    if metric not in ours["medians"] or metric not in theirs["medians"]:
        return None
    mine, other = ours["medians"][metric], theirs["medians"][metric]
    if not results["higher_is_better"]:
        mine, other = other, mine
    return float(mine / other) if other else None


def write(results: Results, directory: Path) -> None:
    """Writes NAME.json."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{results['name']}.json").write_text(json.dumps(results, indent=1) + "\n")


def read(directory: Path) -> list[Results]:
    """Reads what runs of the harness have written, older forms aside."""
    found = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    return [each for each in found if isinstance(each, dict) and "metric" in each]
