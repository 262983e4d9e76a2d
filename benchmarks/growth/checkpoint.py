"""How long a checkpoint takes, from the moment the source takes its part until the manifest is written.

A reduce holds a value of a hundred characters for each key. Checkpoints are taken while no record comes.
`python -m benchmarks.growth.checkpoint 100000` does it for so many keys.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from anabranch import EndOfData, Job, SourceContext
from benchmarks.common.digest import check_all
from benchmarks.common.marks import Marks, marks
from benchmarks.common.runs import check_of, context, report
from benchmarks.common.streams import NumberedSource, SumSink

CHECKPOINTS = 3
VALUE = "x" * 100
Entry = tuple[int, str]


def key(entry: Entry) -> int:
    return entry[0]


def newer(_old: Entry, new: Entry) -> Entry:
    return new


class EntrySource(NumberedSource):
    """Emits an entry for each key, and has nothing more until the end is asked for."""

    def records(self, numbers: range) -> list[Entry]:
        return [(number, VALUE) for number in numbers]

    def fetch(self, ctx: SourceContext[Entry]) -> None:
        try:
            super().fetch(ctx)
        except EndOfData:
            if (self.marks.directory / "end").exists():
                raise

    def save_checkpoint(self) -> None:
        """Writes when; the checkpoint before is complete."""
        with (self.marks.directory / "begun").open("a") as file:
            file.write(f"{time.time()}\n")


def manifests(directory: Path) -> list[float]:
    """Returns when each complete checkpoint was written, oldest first."""
    return sorted(path.stat().st_mtime for path in directory.rglob("MANIFEST"))


def durations(begun: list[float], written: list[float]) -> list[float]:
    """Returns the seconds of each checkpoint: from the last begin before it was written."""
    return [when - max(began for began in begun if began <= when) for when in written if begun and begun[0] <= when]


def main() -> None:
    """Runs the job and prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth.checkpoint", description=__doc__)
    parser.add_argument("keys", type=int)
    given = parser.parse_args()
    with marks() as found:
        ctx = context(
            [f"anabranch.checkpoint.dir={found.directory / 'checkpoints'}", "anabranch.checkpoint.interval-ms=500"]
        )
        ctx.option("anabranch.checkpoint.retained", 1000)
        ctx.source(EntrySource(given.keys, found)).key_by(key).reduce(newer).disable_chain().sink(SumSink(found))
        job = ctx.submit("checkpoint")
        _wait_for_whole_state(job, found, given.keys)
        before = len(manifests(found.directory))
        while len(manifests(found.directory)) < before + CHECKPOINTS + 1:
            _sleep(job)
        written = manifests(found.directory)[before + 1 :]
        begun = [float(line) for line in (found.directory / "begun").read_text().split()]
        size = max(_size(path.parent) for path in found.directory.rglob("MANIFEST"))
        (found.directory / "end").touch()
        job.wait(timeout=300)
        taken = statistics.median(durations(begun, written))
        report(found, given.keys, check_of(found), checkpoint_seconds=taken, state_mib=size / 2**20)


def _wait_for_whole_state(job: Job, found: Marks, keys: int) -> None:
    """Waits until a checkpoint has all keys."""
    while max((_size(path.parent) for path in found.directory.rglob("MANIFEST")), default=0) < keys * len(VALUE):
        _sleep(job)


def _sleep(job: Job) -> None:
    if job.ended:
        job.wait()  # raises what has gone wrong
    time.sleep(0.05)


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir() if path.is_file())


def expected(keys: int) -> str:
    """Returns the check of a right run."""
    return check_all((number, VALUE) for number in range(keys))


if __name__ == "__main__":
    main()
