"""Runs the job once: `python -m benchmarks.channels python 20000 --parallelism 50 --waits`."""

from __future__ import annotations

import argparse

from benchmarks.channels.job import run

parser = argparse.ArgumentParser(prog="python -m benchmarks.channels", description=__doc__)
parser.add_argument("language", choices=("python", "java"))
parser.add_argument("records", type=int)
parser.add_argument("--parallelism", type=int, default=100, help="subtasks of the source and of the reduce, each")
parser.add_argument("--waits", action="store_true", help="idle sources wait in fetch")
parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the job")
given = parser.parse_args()
run(given.language, given.records, given.parallelism, given.option, waits=given.waits)
