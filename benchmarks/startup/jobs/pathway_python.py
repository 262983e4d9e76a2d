"""Pathway."""

import time

import pathway as pw

from benchmarks.harness.emit import emit_first


class Source(pw.io.python.ConnectorSubject):
    def run(self) -> None:
        self.next(text="a")


now = time.monotonic  # `time` is the name of an argument below
found: list[tuple[float, str]] = []
table = pw.io.python.read(Source(), schema=pw.schema_from_types(text=str))
upper = table.select(text=pw.apply_with_type(str.upper, str, pw.this.text))
pw.io.subscribe(upper, on_change=lambda key, row, time, is_addition: found.append((now(), row["text"])))  # noqa: ARG005
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
emit_first(*found[0])
