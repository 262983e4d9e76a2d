"""Compares a run with the accepted one, by ratios: they hold where times change with the machine and its load."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from benchmarks.harness.results import Results, advantage

ACCEPTED = Path(__file__).parents[1] / "ratios.json"
ALLOWED_LOSS = 0.2
# Workload, ours, theirs: how many times as good ours is.
Ratios = dict[str, dict[str, dict[str, float]]]


def ratios(all_results: Iterable[Results]) -> Ratios:
    """Returns how each of the engine's configurations compares with each peer."""
    found: Ratios = {}
    for results in all_results:
        for ours in (each for each in results["contenders"] if each["ours"]):
            for theirs in (each for each in results["contenders"] if not each["ours"]):
                ratio = advantage(results, ours, theirs)
                if ratio is not None:
                    found.setdefault(results["name"], {}).setdefault(ours["name"], {})[theirs["name"]] = round(ratio, 4)
    return found


def losses(accepted: Ratios, now: Ratios, allowed: float = ALLOWED_LOSS) -> list[str]:
    """Returns a line for each ratio that has fallen by more than is allowed; what was not run now is left out."""
    found = []
    for workload in accepted.keys() & now.keys():
        for ours, peers in accepted[workload].items():
            for theirs, before in peers.items():
                after = now[workload].get(ours, {}).get(theirs)
                if after is not None and after < before * (1 - allowed):
                    found.append(
                        f"{workload}: {ours} was {before:.2f} times as good as {theirs} and is {after:.2f} times, "
                        f"a loss of {1 - after / before:.0%} (allowed: {allowed:.0%})"
                    )
    return sorted(found)


def compared(accepted: Ratios, now: Ratios) -> int:
    """Returns how many ratios are in both."""
    return sum(
        len(peers.keys() & now.get(workload, {}).get(ours, {}).keys())
        for workload, configurations in accepted.items()
        for ours, peers in configurations.items()
    )


def read_accepted(path: Path = ACCEPTED) -> Ratios:
    """Returns the ratios of the run that was accepted last; none if there was none."""
    accepted: Ratios = json.loads(path.read_text()) if path.exists() else {}
    return accepted


def accept(now: Ratios, path: Path = ACCEPTED) -> None:
    """Stores ratios; those of workloads, configurations and peers that were not run now stay."""
    stored = read_accepted(path)
    for workload, configurations in now.items():
        for ours, peers in configurations.items():
            stored.setdefault(workload, {}).setdefault(ours, {}).update(peers)
    path.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
