"""What all benchmarks share: alternate runs, medians, the machine they ran on."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = Path(__file__).parent / "out"


class WrongResultError(Exception):
    """A run was fast and wrong."""


@dataclass
class Contender:
    """One way to do the work.

    Attributes:
        name: What the table calls it.
        run: Does the work once and returns the seconds it took; raises WrongResultError if the result is wrong.
        seconds: What the runs took so far.
    """

    name: str
    run: Callable[[], float]
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median of the runs, seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Benchmark:
    """Contenders that do the same work; the first one is the engine, the others are what it is compared with.

    Attributes:
        records: Units of work of a run, or 0 where the time itself is of interest.
        unit: What the units are called.
    """

    name: str
    title: str
    contenders: Sequence[Contender]
    records: int = 0
    unit: str = "records"

    def measure(self, rounds: int, progress: Callable[[str], None]) -> None:
        """Runs all contenders in turn, so that a change of the machine's load meets all of them.

        One round goes before and does not count: it fills the caches of files and the JVM's class archive.
        """
        for number in range(rounds + 1):
            for contender in self.contenders:
                seconds = contender.run()
                if number:
                    contender.seconds.append(seconds)
                progress(f"{self.name}, {contender.name}: {seconds:.3f} s{'' if number else ' (not counted)'}")

    def results(self) -> dict[str, object]:
        """Returns all figures, ready for JSON."""
        engine = self.contenders[0].median
        return {
            "name": self.name,
            "title": self.title,
            "records": self.records,
            "unit": self.unit,
            "contenders": [
                {
                    "name": each.name,
                    "seconds": each.seconds,
                    "median_seconds": each.median,
                    "per_second": self.records / each.median,
                    "ratio": each.median / engine,
                }
                for each in self.contenders
            ],
            "machine": machine(),
        }


def machine() -> dict[str, object]:
    """Returns what the figures depend on."""
    from anabranch.records import codec_name  # noqa: PLC0415 - keeps `--help` quick

    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "java": _first_line(["java", "-version"]),
        "codec": codec_name(),
        "commit": _first_line(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _first_line(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "not found"
    return (done.stdout or done.stderr).partition("\n")[0]
