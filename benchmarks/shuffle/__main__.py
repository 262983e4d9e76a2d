"""Runs the job once: `python -m benchmarks.shuffle java 4000000`."""

from __future__ import annotations

import argparse

from benchmarks.shuffle.job import KEYS, PARALLELISM, VERSIONS, run

parser = argparse.ArgumentParser(prog="python -m benchmarks.shuffle", description=__doc__)
parser.add_argument("version", choices=VERSIONS)
parser.add_argument("records", type=int)
parser.add_argument("--keys", type=int, default=KEYS)
parser.add_argument("--parallelism", type=int, default=PARALLELISM)
parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the job")
given = parser.parse_args()
run(given.version, given.records, given.keys, given.parallelism, given.option)
