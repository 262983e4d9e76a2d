"""Anabranch, without Java."""

import time

from anabranch import StreamingContext
from benchmarks.harness.emit import emit_first

ctx = StreamingContext.Builder().option("anabranch.progress", "off").build()
(value, when), *_ = (
    ctx.from_values("a").map(str.upper).map(lambda value: (value, time.monotonic())).execute_and_collect()
)
emit_first(when, value)
