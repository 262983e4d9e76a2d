"""Runs the benchmarks, prints a table and writes benchmarks/out/NAME.json.

Other words in place of a name: `install PEER...` makes the environments of peers, `check` compares the ratios of the
last run with the accepted ones, `report` writes docs/performance from the last run, `list` names everything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks import engine_only
from benchmarks.growth import measure as growth
from benchmarks.growth import report as growth_report
from benchmarks.harness import environments, ratios, registry, report, results, table
from benchmarks.harness.compare import compare
from benchmarks.harness.workload import Workload
from benchmarks.measure import OUT, machine


def main() -> int:
    """Does what the command line says; returns the exit code."""
    console = Console(width=None if Console().is_terminal else 160, highlight=False)
    known = registry.workloads()
    options = _options(known)
    word, *rest = options.names or [""]
    match word:
        case "install":
            return _install(rest, console)
        case "check":
            return _check(options.out, console, accept=options.accept)
        case "report":
            growth_pages = growth_report.write_page(growth_report.read(options.out), report.PAGES)
            for page in [*growth_pages, *report.write_pages(results.read(options.out))]:
                console.print(f"wrote {page.relative_to(environments.ROOT)}")
            return 0
        case "list":
            for name, title in [*((each.name, each.title) for each in known.values()), *engine_only.TITLES.items()]:
                console.print(f"{name:24}{title}", markup=False)
            return 0
    names = options.names or [each.name for each in known.values() if each.in_bench or options.all]
    options.out.mkdir(parents=True, exist_ok=True)
    console.print(", ".join(f"{key}: {value}" for key, value in machine().items()))
    failed = False
    for name in names:
        if name in known:
            failed |= _run(known[name], options, console)
        elif name == "growth":
            failed |= not growth.run(
                options.rounds,
                options.scale,
                options.only,
                options.out,
                lambda line: console.print(line, style="dim", markup=False, soft_wrap=True),
            )
        else:
            engine_only.run(name, options.rounds, options.scale, options.out, console)
    return int(failed)


def _run(workload: Workload, options: argparse.Namespace, console: Console) -> bool:
    """Runs a workload; says whether a contender has failed."""
    at_start = machine()
    quick = not options.names and not options.all
    progress = partial(console.print, style="dim", markup=False)
    outcomes = compare(workload, options.rounds, options.scale, options.only, progress, quick=quick)
    if not outcomes:
        return False
    found = results.to_results(workload, outcomes, options.rounds, at_start, options.scale)
    results.write(found, options.out)
    console.print(f"\n{workload.title}", style="bold", markup=False)
    console.print(table.to_markdown(found) + "\n", markup=False, soft_wrap=True)
    return any(each.failure for each in outcomes)


def _install(names: Sequence[str], console: Console) -> int:
    names = list(environments.ALL) if names in ([], ["all"]) else names
    unknown = sorted(set(names) - environments.ALL.keys())
    if unknown:
        console.print(f"unknown: {', '.join(unknown)}; there are {', '.join(environments.ALL)}", markup=False)
        return 2
    done = [environments.install(name, lambda line: console.print(line, markup=False)) for name in names]
    return 0 if all(done) else 1


def _check(out: Path, console: Console, *, accept: bool) -> int:
    now = ratios.ratios(results.read(out))
    if accept:
        ratios.accept(now)
        console.print(f"stored in {ratios.ACCEPTED.relative_to(environments.ROOT)}")
        return 0
    failed = [
        f"{found['name']}: {each['name']} failed: {each['failure']}"
        for found in results.read(out)
        for each in found["contenders"]
        if each["failure"]
    ]
    accepted = ratios.read_accepted()
    lost = ratios.losses(accepted, now)
    for line in failed + lost:
        console.print(line, markup=False, soft_wrap=True)
    pairs = ratios.compared(accepted, now)
    console.print(f"{pairs} ratios compared, {len(lost)} lost more than {ratios.ALLOWED_LOSS:.0%}")
    if not pairs:
        console.print("nothing to compare with: run what was accepted before, or store this run with --accept")
    return 1 if failed or lost or not pairs else 0


def _options(known: dict[str, Workload]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="what to run; `list` shows all; default: the quick ones"
    )
    parser.add_argument("--all", action="store_true", help="run every workload that is compared with peers")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender that count (default: 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the usual number of records")
    only = "only this one (of growth: this dimension); may be repeated"
    parser.add_argument("--only", action="append", default=[], metavar="CONTENDER", help=only)
    parser.add_argument("--out", type=Path, default=OUT, help="directory for NAME.json (default: benchmarks/out)")
    parser.add_argument("--accept", action="store_true", help="with `check`: store the ratios of the last run")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.names[:1] not in (["install"], ["check"], ["report"], ["list"]):
        unknown = sorted(set(options.names) - {*known, *engine_only.TITLES})
        if unknown:
            parser.error(f"unknown: {', '.join(unknown)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
