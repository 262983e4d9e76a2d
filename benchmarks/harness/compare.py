"""Runs the contenders of a workload in turn and checks what each of them says."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.harness import environments
from benchmarks.harness.usage import Usage, run
from benchmarks.harness.workload import Contender, Workload

Progress = Callable[[str], None]
Figures = dict[str, float]
# Of the line that a contender prints: all else is a figure of its own.
_PROTOCOL = {"started_at", "ended_at", "check"}


class RoundFailedError(Exception):
    """A round has no figures: the contender failed, or was fast and wrong."""


@dataclass
class Outcome:
    """What became of a contender.

    Attributes:
        missing_reason: Why it was not run; empty if it was.
        failure: Why a round failed; it is not run again after that.
        rounds: The figures of the rounds that count.
    """

    contender: Contender
    records: int
    missing_reason: str = ""
    failure: str = ""
    rounds: list[Figures] = field(default_factory=list)

    @property
    def medians(self) -> Figures:
        """The median of every figure, over the rounds."""
        if not self.rounds:
            return {}
        return {key: statistics.median(each[key] for each in self.rounds) for key in self.rounds[0]}


def compare(
    workload: Workload, rounds: int, scale: float, only: Sequence[str], progress: Progress, *, quick: bool = False
) -> list[Outcome]:
    """Runs all contenders in turn, so that a change of the machine's load meets all of them.

    One round goes before and does not count: it fills the caches of files and the JVM's class archive.

    Args:
        workload: What to run.
        rounds: How many rounds count.
        scale: Factor of the number of records.
        only: Names of contenders; empty: all.
        progress: Gets a line after each run.
        quick: Whether to leave out the contenders that take long.
    """
    outcomes = [
        Outcome(each, workload.records_of(each, scale), _missing_reason(each, quick=quick))
        for each in workload.contenders
        if not only or each.name in only
    ]
    workload.prepare()
    reference = cache(workload.reference)
    for number in range(rounds + 1):
        for outcome in outcomes:
            if outcome.missing_reason or outcome.failure:
                continue
            where = f"{workload.name}, {outcome.contender.name}"
            try:
                figures = run_once(outcome.contender, outcome.records, reference(outcome.records))
            except RoundFailedError as error:
                outcome.failure = str(error)
                progress(f"{where}: FAILED: {error}")
                continue
            if number:
                outcome.rounds.append(figures)
            progress(f"{where}: {figures['seconds']:.3f} s{'' if number else ' (not counted)'}")
    for outcome in outcomes:
        if outcome.missing_reason:
            progress(f"{workload.name}, {outcome.contender.name}: missing: {outcome.missing_reason}")
    return outcomes


def _missing_reason(contender: Contender, *, quick: bool) -> str:
    if quick and not contender.in_bench:
        return "takes long, only in `make bench-all`"
    return contender.missing_reason or environments.missing_reason(contender.environment)


def run_once(contender: Contender, records: int, expected: str) -> Figures:
    """Runs a contender; returns its figures if its result is right."""
    values = {"{python}": environments.python(contender.environment), "{records}": str(records)}
    command = [values.get(part, part) for part in contender.command]
    variables = {"PYTHONPATH": str(environments.ROOT), **contender.variables}
    usage = run(command, Path(environments.ROOT), variables, contender.timeout)
    if usage.timed_out:
        raise RoundFailedError(f"not at its end after {contender.timeout:g} s: {_tail(usage.stderr)}")
    if usage.returncode:
        raise RoundFailedError(f"exit code {usage.returncode}: {_tail(usage.stderr)}")
    printed = _last_object(usage)
    if str(printed["check"]) != expected or int(printed["records"]) != records:
        raise RoundFailedError(
            f"wrong result: expected {records} records and {expected}, "
            f"got {printed['records']} records and {printed['check']}"
        )
    return to_figures(printed, usage)


def _last_object(usage: Usage) -> Mapping[str, Any]:
    lines = usage.stdout.strip().splitlines()
    try:
        printed = json.loads(lines[-1])
    except (IndexError, ValueError):
        printed = None
    keys = set(printed) if isinstance(printed, dict) else set()
    if {"records", "check"} <= keys and ("seconds" in keys or {"started_at", "ended_at"} <= keys):
        found: Mapping[str, Any] = printed
        return found
    shown = f"{_tail(usage.stdout)}\n{_tail(usage.stderr)}"
    raise RoundFailedError(f"its last line is not an object with records, check and seconds: {shown}")


def to_figures(printed: Mapping[str, Any], usage: Usage) -> Figures:
    """Returns all figures of a run: its own, and those that were measured from outside."""
    own = {key: float(value) for key, value in printed.items() if key not in _PROTOCOL}
    records = own["records"]
    figures = {
        **own,
        "wall_seconds": usage.wall_seconds,
        "cpu_seconds_total": usage.cpu_seconds,
        "peak_mib": usage.peak_bytes / 2**20,
        "left_behind": float(usage.left_behind),
    }
    cpu_seconds = usage.cpu_seconds
    if "started_at" in printed and "ended_at" in printed:
        start, end = float(printed["started_at"]), float(printed["ended_at"])
        figures.setdefault("seconds", end - start)
        figures["startup_seconds"] = start - usage.began
        figures["until_end_seconds"] = end - usage.began
        cpu_seconds = usage.cpu_seconds_between(start, end)
    figures["cpu_seconds"] = cpu_seconds
    figures["cpu_seconds_per_million"] = cpu_seconds / records * 1e6
    figures["per_second"] = records / max(figures["seconds"], 1e-9)
    return figures


def _tail(text: str, limit: int = 2000) -> str:
    return text.strip()[-limit:]
