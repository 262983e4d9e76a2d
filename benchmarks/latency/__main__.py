"""Runs the job once: `python -m benchmarks.latency 50000 --tick-us 1000 --option anabranch.batch.max-records=64`."""

from __future__ import annotations

import argparse

from benchmarks.latency.job import run

parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
parser.add_argument("rate", type=int, help="records per second")
parser.add_argument("--seconds", type=float, default=10.0, help="how long, beside the warm-up (default: 10)")
parser.add_argument("--tick-us", type=int, default=0, help="the source looks at the clock so often (default: always)")
parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the job")
given = parser.parse_args()
run(given.rate, given.seconds, given.tick_us, given.option)
