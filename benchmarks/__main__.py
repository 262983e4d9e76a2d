"""Runs the benchmarks, prints a table and writes benchmarks/out/NAME.json."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import crossing, recovery, startup, wordcount
from benchmarks.measure import OUT, Benchmark, machine

BENCHMARKS: dict[str, Callable[[float], Benchmark]] = {
    "crossing": crossing.benchmark,
    "wordcount": wordcount.benchmark,
    "startup-python": lambda _scale: startup.benchmark(hybrid_job=False),
    "startup-jvm": lambda _scale: startup.benchmark(hybrid_job=True),
}
# Only by name: they take long, or start a cluster.
BY_NAME: dict[str, Callable[[float], Benchmark]] = {
    "ray": crossing.benchmark_on_ray,
    "cost-wordcount": recovery.cost_of_wordcount,
    "cost-crossing": recovery.cost_of_crossing,
    "startup-ray": lambda _scale: startup.benchmark_on_ray(),
}


def to_table(benchmark: Benchmark) -> Table:
    """Returns medians, and how long each contender takes compared with the engine."""
    table = Table(title=benchmark.title, title_justify="left")
    table.add_column("")
    table.add_column("seconds, median", justify="right")
    if benchmark.records:
        table.add_column(f"{benchmark.unit}/s", justify="right")
    table.add_column("as fast as the engine", justify="right")
    engine = benchmark.contenders[0].median
    for each in benchmark.contenders:
        cells = [each.name, f"{each.median:.3f}", f"{engine / each.median:.2f}x"]
        if benchmark.records:
            cells.insert(2, f"{benchmark.records / each.median:,.0f}")
        table.add_row(*cells)
    return table


def to_recovery_table(rows: list[dict[str, Any]]) -> Table:
    """Returns the medians over the kills, seconds."""
    rate = f"{rows[0]['records_per_second']:,} records/s, half of the full rate"
    table = Table(title=f"A worker is killed at {rate}; seconds, medians", title_justify="left")
    for name in ("killed worker", "goes back", "kills", "no output from its keys", "from others", "latency is back"):
        table.add_column(name)
    for row in rows:
        medians = [statistics.median(row[key]) for key in ("dark_seconds", "dark_seconds_of_others", "back_seconds")]
        table.add_row(row["language"], row["scope"], str(row["kills"]), *(f"{median:.3f}" for median in medians))
    return table


def main() -> None:
    """Runs what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"some of {', '.join([*BENCHMARKS, *BY_NAME, 'recovery'])}; default: the first few",
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender that count (default: 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the usual number of records")
    parser.add_argument("--out", type=Path, default=OUT, help="directory for NAME.json (default: benchmarks/out)")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - {*BENCHMARKS, *BY_NAME, "recovery"})
    if unknown or options.rounds < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "--rounds must be at least 1")

    console = Console(width=None if Console().is_terminal else 120)
    options.out.mkdir(parents=True, exist_ok=True)
    console.print(", ".join(f"{key}: {value}" for key, value in machine().items()), highlight=False)
    for name in options.names or BENCHMARKS:
        if name == "recovery":
            found = list(recovery.rows())
            (options.out / "recovery.json").write_text(json.dumps({"machine": machine(), "rows": found}, indent=1))
            console.print(to_recovery_table(found))
            continue
        benchmark = {**BENCHMARKS, **BY_NAME}[name](options.scale)
        benchmark.measure(options.rounds, lambda line: console.print(line, style="dim", highlight=False))
        (options.out / f"{name}.json").write_text(json.dumps(benchmark.results(), indent=1))
        console.print(to_table(benchmark))


if __name__ == "__main__":
    main()
