"""What compares the engine only with itself: on Ray, with checkpoints, after failures. Runs in this process."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Benchmark, machine

TITLES = {
    "ray": "the crossing on Ray, beside local processes",
    "startup-ray": "submission to the first record, on Ray",
    "cost-wordcount": "word count with a checkpoint every second, and without",
    "cost-crossing": "the crossing with a checkpoint every second, and without",
    "growth": "how cost grows with parallelism, record size, operators, keys and state",
    "recovery": "how long a killed worker leaves its keys without output",
}


def run(name: str, rounds: int, scale: float, out: Path, console: Console) -> None:
    """Runs one of them, prints a table and writes NAME.json."""
    if name == "recovery":
        from benchmarks import recovery  # noqa: PLC0415 - one of them must not need what another imports

        rows = list(recovery.rows())
        (out / "recovery.json").write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1))
        console.print(_recovery_table(rows))
        return
    benchmark = _prepare(name, scale)
    benchmark.measure(rounds, lambda line: console.print(line, style="dim", highlight=False))
    (out / f"{name}.json").write_text(json.dumps(benchmark.results(), indent=1))
    console.print(_table(benchmark))


def _prepare(name: str, scale: float) -> Benchmark:
    if name.startswith("cost-"):
        from benchmarks import cost  # noqa: PLC0415

        return cost.cost_of_wordcount(scale) if name == "cost-wordcount" else cost.cost_of_crossing(scale)
    from benchmarks import on_ray  # noqa: PLC0415 - Ray is slow to import

    return on_ray.crossing(scale) if name == "ray" else on_ray.startup(scale)


def _table(benchmark: Benchmark) -> Table:
    """Returns medians, and how long each contender takes compared with the first."""
    table = Table(title=benchmark.title, title_justify="left")
    table.add_column("")
    table.add_column("seconds, median", justify="right")
    if benchmark.records:
        table.add_column(f"{benchmark.unit}/s", justify="right")
    table.add_column("as fast as the first", justify="right")
    engine = benchmark.contenders[0].median
    for each in benchmark.contenders:
        cells = [each.name, f"{each.median:.3f}", f"{engine / each.median:.2f}x"]
        if benchmark.records:
            cells.insert(2, f"{benchmark.records / each.median:,.0f}")
        table.add_row(*cells)
    return table


def _recovery_table(rows: list[dict[str, Any]]) -> Table:
    """Returns the medians over the kills, seconds."""
    rate = f"{rows[0]['records_per_second']:,} records/s, half of the full rate"
    table = Table(title=f"A worker is killed at {rate}; seconds, medians", title_justify="left")
    names = ("killed worker", "goes back", "kills", "nothing new from its keys", "from others", "latency is back")
    for name in (*names, "records of others meanwhile"):
        table.add_column(name)
    for row in rows:
        medians = [statistics.median(row[key]) for key in ("dark_seconds", "dark_seconds_of_others", "back_seconds")]
        cells = [f"{median:.3f}" for median in medians]
        meanwhile = f"{statistics.median(row['records_of_others']):,.0f}"
        table.add_row(row["language"], row["scope"], str(row["kills"]), *cells, meanwhile)
    return table
