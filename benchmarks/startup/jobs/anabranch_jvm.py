"""Anabranch, with an operator in Java."""

import time

from anabranch import StreamingContext
from benchmarks.harness.emit import emit_first

ctx = StreamingContext.Builder().option("anabranch.progress", "off").build()
ctx.add_jar("benchmarks/out/classes")
stream = ctx.from_values("A").as_java_stream().map("com.acme.Identity").as_python_stream()
(value, when), *_ = stream.map(lambda value: (value, time.monotonic())).execute_and_collect()
emit_first(when, value)
