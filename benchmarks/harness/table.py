"""Results as a table, for Markdown and for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.results import Results, advantage

_NONE = "-"


@dataclass(frozen=True)
class Column:
    """A column of figures."""

    title: str
    cell: Callable[[dict[str, Any]], str]


def columns(results: Results) -> list[Column]:
    """Returns the columns that have figures."""
    first = results["contenders"][0]
    possible = [
        Column("seconds", lambda each: _median(each, "seconds")),
        Column(f"{results['unit']}/s", lambda each: _median(each, "per_second")),
        *(Column(title, _figure(key)) for key, title in results["figures"].items()),
        Column(f"{first['title']} is", lambda each: _times(advantage(results, first, each))),
        Column("CPU s per million", lambda each: _median(each, "cpu_seconds_per_million")),
        Column("peak memory, MiB", lambda each: _median(each, "peak_mib")),
        Column("start-up, s", lambda each: _median(each, "startup_seconds")),
        Column(results["unit"], lambda each: f"{each['records']:,}"),
    ]
    if results["metric"].startswith("until_"):  # a start-up has no throughput
        own = Column("start of the process to the first record, s", lambda each: _median(each, results["metric"]))
        possible = [own, *(each for each in possible if each.title.endswith((" is", "MiB")))]
    with_figures = [each for each in results["contenders"] if each["medians"]]
    return [each for each in possible if any(each.cell(contender) != _NONE for contender in with_figures)]


def why_without_figures(contender: dict[str, Any]) -> str:
    """Returns why a contender has no figures, in one line; nothing if it has."""
    if contender["missing"]:
        return f"missing: {_one_line(contender['missing'])}"
    if contender["failure"]:
        return f"failed: {_one_line(contender['failure'])}"
    return ""


def to_markdown(results: Results) -> str:
    """Returns the table, and below it why contenders have no figures."""
    shown = columns(results)
    lines = ["| | " + " | ".join(each.title for each in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    reasons = []
    for contender in results["contenders"]:
        reason = why_without_figures(contender)
        if reason:
            kind = reason.partition(":")[0]
            reasons.append(f"* {contender['title']}: {reason}")
            lines.append(f"| {contender['title']} | {kind}, see below |" + " |" * (len(shown) - 1))
        else:
            lines.append(f"| {contender['title']} | " + " | ".join(each.cell(contender) for each in shown) + " |")
    return "\n".join(lines + (["", *reasons] if reasons else []))


def _figure(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda each: _median(each, key)


def _median(contender: dict[str, Any], key: str) -> str:
    value = contender["medians"].get(key)
    return _NONE if value is None else number(value)


def _times(ratio: float | None) -> str:
    return _NONE if ratio is None else f"{ratio:.2f}x"


def number(value: float) -> str:
    """Returns three digits that count, or a whole number."""
    magnitudes = ((100, ",.0f"), (10, ".1f"), (1, ".2f"))
    return format(value, next((form for limit, form in magnitudes if abs(value) >= limit), ".3f"))


def _one_line(text: str, limit: int = 300) -> str:
    line = " ".join(text.replace("|", "/").split())
    return line if len(line) <= limit else f"… {line[-limit:]}"
