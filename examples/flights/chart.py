"""The report as a table on the terminal and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from delays import PERCENTS, Report, Summary
from rich.console import Console
from rich.table import Table
from rows import full_names

mpl.use("Agg")  # draws to files; needs no display

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

EARLY, LATE = "tab:blue", "tab:red"


def print_table(reports: Sequence[Report], console: Console) -> None:
    """Prints delays in minutes, one line per group."""
    names = full_names()
    table = Table(title="Delays in minutes of the flights from New York in 2013", title_justify="left")
    table.add_column("carrier, airport")
    for heading in ("flights", "not left", "departure 50 %", "90 %", "99 %", "arrival 50 %", "90 %", "99 %"):
        table.add_column(heading, justify="right")
    for before, report in zip([None, *reports], reports, strict=False):
        if before and before.dimension != report.dimension:
            table.add_section()
        table.add_row(
            f"{report.name} {names.get(report.name, '')}",
            f"{report.flights:,}",
            f"{report.flights - report.departure.count:,}",
            *(f"{summary.at(p):.0f}" for summary in (report.departure, report.arrival) for p in (50, 90, 99)),
        )
    console.print(table)


def draw(reports: Sequence[Report], path: Path) -> None:
    """Writes a picture: arrival delays of the carriers, departure delays of the airports."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    carriers = sorted(
        (report for report in reports if report.dimension == "carrier"), key=lambda report: report.arrival.at(50)
    )
    for y, report in enumerate(carriers):
        _draw_range(left, y, report.arrival)
    left.set_yticks(range(len(carriers)), [f"{report.name}  ({report.flights:,})" for report in carriers])
    left.axvline(0, color="grey", linewidth=0.8)
    left.set_title("Arrival delay by carrier (flights): median, and 10 % to 90 %")
    left.set_xlabel("minutes")
    for report in reports:
        if report.dimension == "origin":
            right.plot(
                report.departure.percentiles, list(PERCENTS), label=f"{report.name} ({report.flights:,} flights)"
            )
    right.axvline(0, color="grey", linewidth=0.8)
    right.set_xlim(-20, 120)
    right.set_title("Departure delay by airport")
    right.set_xlabel("minutes")
    right.set_ylabel("% of flights that left with at most this delay")
    right.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_range(axes: Axes, y: int, summary: Summary) -> None:
    median = summary.at(50)
    color = LATE if median > 0 else EARLY
    axes.plot([summary.at(10), summary.at(90)], [y, y], color=color, linewidth=3, alpha=0.4)
    axes.plot([median], [y], "o", color=color)
