"""Runs a query once: `python -m benchmarks.nexmark q3 java 5000000`."""

from __future__ import annotations

import argparse

from benchmarks.nexmark.jobs import QUERIES, VERSIONS, run

parser = argparse.ArgumentParser(prog="python -m benchmarks.nexmark", description=__doc__)
parser.add_argument("query", choices=QUERIES)
parser.add_argument("version", choices=VERSIONS)
parser.add_argument("events", type=int)
parser.add_argument("--parallelism", type=int, default=1)
parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the job")
given = parser.parse_args()
run(given.query, given.version, given.events, given.parallelism, given.option)
