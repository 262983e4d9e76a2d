"""Runs the job once: `python -m benchmarks.latency 800000 --rate 50000 --tick-us 1000`."""

from __future__ import annotations

import argparse

from benchmarks.latency.job import run

parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
parser.add_argument("records", type=int, help="how many; the first quarter is a warm-up")
parser.add_argument("--rate", type=int, required=True, help="records per second")
parser.add_argument("--tick-us", type=int, default=0, help="the source looks at the clock so often (default: always)")
parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the job")
given = parser.parse_args()
run(given.records, given.rate, given.tick_us, given.option)
