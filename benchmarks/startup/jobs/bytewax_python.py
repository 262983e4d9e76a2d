"""Bytewax."""

import time

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

from benchmarks.harness.emit import emit_first

found: list[tuple[str, float]] = []
flow = Dataflow("startup")
stream = op.map("upper", op.input("source", flow, TestingSource(["a"])), str.upper)
op.output("sink", op.map("time", stream, lambda value: (value, time.monotonic())), TestingSink(found))
run_main(flow)
emit_first(found[0][1], found[0][0])
