"""What is made larger, and by which jobs it is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.growth import checkpoint, pipeline
from benchmarks.shuffle import job as shuffle

_PYTHON = "{python}"
_MIB = 1 << 20


@dataclass(frozen=True)
class Series:
    """One line of a plot.

    Attributes:
        command: Of a size; `{records}` is the number of records.
        expected: The check of a number of records and a size.
        records: Of a size.
    """

    title: str
    command: Callable[[int], Sequence[str]]
    expected: Callable[[int, int], str]
    records: Callable[[int], int]


@dataclass(frozen=True)
class Dimension:
    """Something that grows.

    Attributes:
        per_record: Whether the work of a record grows with the size (of records, of a chain). If not, a linear system
            takes the same time for a record whatever the size.
        figure: What is measured: seconds of a record, or a figure of the job's own.
    """

    name: str
    title: str
    sizes: Sequence[int]
    series: Sequence[Series]
    per_record: bool
    figure: str = "seconds_per_record"


def _shuffle(version: str, argument: str) -> Callable[[int], Sequence[str]]:
    def command(size: int) -> Sequence[str]:
        sizes = {"keys": shuffle.KEYS, "parallelism": 1, argument: size}
        options = [f"--{name}={value}" for name, value in sizes.items()]
        return [_PYTHON, "-m", "benchmarks.shuffle", version, "{records}", *options]

    return command


def _pipeline(kind: str, *, maps: int | None = None) -> Callable[[int], Sequence[str]]:
    def command(size: int) -> Sequence[str]:
        options = [f"--maps={size}"] if maps is None else [f"--maps={maps}", f"--size={size}"]
        return [_PYTHON, "-m", "benchmarks.growth.pipeline", kind, "{records}", *options]

    return command


def _maps(title: str, kind: str, records: int) -> Series:
    return Series(title, _pipeline(kind), lambda n, _size: pipeline.expected(n, 16), lambda _size: records)


def _parallel(version: str, records: int) -> Series:
    command = _shuffle(version, "parallelism")
    return Series(version, command, lambda n, _size: shuffle.expected(n), lambda _size: records)


def _records_of_size(per_run: int, size: int) -> int:
    return max(64, min(400_000, per_run // (size + 16)))


DIMENSIONS = (
    Dimension(
        "parallelism",
        "subtasks of source, reduce and sink each",
        (1, 2, 4, 8, 16),
        [_parallel("python", 400_000), _parallel("java", 2_000_000)],
        per_record=False,
    ),
    Dimension(
        "record-size",
        "characters of a record that goes Python -> Java -> Python",
        (16, 256, 4096, 65_536, _MIB),
        [
            Series(
                "crossing twice",
                _pipeline("crossing", maps=1),
                pipeline.expected,
                partial(_records_of_size, 256 * _MIB),
            )
        ],
        per_record=True,
    ),
    Dimension(
        "chain",
        "maps in one task",
        (1, 4, 16, 64, 256),
        [_maps("python", "python-chain", 400_000), _maps("java", "java-chain", 4_000_000)],
        per_record=True,
    ),
    Dimension(
        "tasks",
        "maps in a task each, and maps after a language boundary each",
        (1, 2, 4, 8, 16),
        [
            _maps("python tasks", "python-tasks", 200_000),
            _maps("java tasks", "java-tasks", 1_000_000),
            _maps("language boundaries", "crossing", 200_000),
        ],
        per_record=True,
    ),
    Dimension(
        "keys",
        "keys",
        (10**3, 10**4, 10**5, 10**6, 10**7),
        [
            Series(version, _shuffle(version, "keys"), shuffle.expected, lambda size: max(1_000_000, size))
            for version in ("python", "java")
        ],
        per_record=False,
    ),
    Dimension(
        "state",
        "keys with a value of 100 characters, of which a checkpoint is taken",
        (10**3, 10**4, 10**5, 10**6),
        [
            Series(
                "python",
                lambda _size: [_PYTHON, "-m", "benchmarks.growth.checkpoint", "{records}"],
                lambda n, _size: checkpoint.expected(n),
                lambda size: size,
            )
        ],
        per_record=True,
        figure="checkpoint_seconds",
    ),
)
