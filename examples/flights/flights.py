"""How late are flights from New York? Python reads the rows, Java sketches the delays, Python draws the report.

Run it with `make demo`. README.md beside this file explains the job.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from delays import GroupDelays, Report, Sketch, to_report
from rows import FlightRows

from anabranch import DataStream, StreamingContext

HERE = Path(__file__).parent


def describe_job(ctx: StreamingContext) -> DataStream[Report]:
    """Describes the job; its stream carries reports, the last one of a group being the one of all its flights."""
    ctx.add_jar(HERE / "target" / "flights.jar")
    ctx.add_python_path(HERE)
    ctx.register_type(Sketch, "com.acme.flights.Sketch")
    ctx.register_type(GroupDelays, "com.acme.flights.GroupDelays")
    return (
        ctx.source(FlightRows())
        .forward()  # the end of the rows must reach the subtask that got the rows
        .as_java_stream()
        .map("com.acme.flights.Flight::parse")
        .flat_map("com.acme.flights.SketchFlights")
        .key_by("com.acme.flights.Partial::groupOf")
        .reduce("com.acme.flights.MergePartials")
        .map("com.acme.flights.GroupDelays::of")
        .as_python_stream()
        .map(to_report)
    )


def latest(reports: Iterable[Report]) -> list[Report]:
    """Returns the last report of each group, by dimension and name."""
    by_group = {(report.dimension, report.name): report for report in reports}
    return [report for _, report in sorted(by_group.items())]


def main() -> None:
    """Runs the job and writes what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parallelism", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "out", help="directory for delays.png and delays.json")
    options = parser.parse_args()

    ctx = StreamingContext.Builder().build().set_parallelism(options.parallelism)
    reports = latest(describe_job(ctx).execute_and_collect("flights"))

    from chart import draw, print_table  # noqa: PLC0415 - matplotlib takes a second to load; the workers need none
    from rich.console import Console  # noqa: PLC0415

    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "delays.json").write_text(json.dumps([asdict(report) for report in reports], indent=1))
    draw(reports, options.out / "delays.png")
    # A width of its own where there is no terminal to ask.
    print_table(reports, Console(width=None if sys.stdout.isatty() else 120))
    print(f"{sum(r.flights for r in reports if r.dimension == 'origin'):,} flights; wrote {options.out}/delays.png")


if __name__ == "__main__":
    main()
