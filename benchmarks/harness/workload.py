"""What is compared: workloads, and the contenders that do them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

OURS = "anabranch"


@dataclass(frozen=True)
class Contender:
    """A command that does the work of a workload in processes of its own.

    It is run in the root of the repository, with that on PYTHONPATH. The last line that it prints is a JSON object:

        {"started_at": 12.1, "ended_at": 13.4, "records": 1000000, "check": "…"}

    `started_at` and `ended_at` are when the first record began and the last one arrived, on the machine's monotonic
    clock (`time.monotonic()`, `System.nanoTime() / 1e9`). `"seconds"` may stand instead of them; without the two
    times, the CPU time is that of the whole process and no start-up is known. More keys are figures of the
    contender's own. `benchmarks.harness.emit` prints it.

    Attributes:
        name: Short, one word; the engine's begin with `anabranch`.
        title: What the table calls it.
        command: `{python}` is the interpreter of the environment, `{records}` the number of records to do.
        environment: Where it runs: one of `benchmarks.harness.environments`, or empty for that of the engine.
        records: Units of work at scale 1, where a slow one has fewer than the workload says; 0: as many.
        missing_reason: Why it cannot be run at all; it is in the table with that.
        variables: Environment variables to add.
        timeout: Seconds, then it has failed.
        in_bench: Whether `make bench` runs it; it leaves out what takes long.
    """

    name: str
    title: str
    command: Sequence[str]
    environment: str = ""
    records: int = 0
    missing_reason: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 180.0
    in_bench: bool = True

    @property
    def ours(self) -> bool:
        """Whether it is the engine, in one of its configurations."""
        return self.name.partition("-")[0] == OURS


@dataclass(frozen=True)
class Workload:
    """Work that all contenders do; the first of them is the one that the others are compared with.

    Attributes:
        name: What the command line calls it.
        title: One line that says what is done.
        records: Units of work at scale 1.
        contenders: The first one must be the engine.
        reference: Does the work in plain Python; returns the `check` that every run with so many records must print.
        unit: What the units of work are called.
        in_bench: Whether `make bench` runs it, or only `make bench-all`.
        metric: The figure that is compared: `per_second`, `until_first_seconds`, or one that the contenders print.
        higher_is_better: Of that figure.
        figures: Further figures to show, with their titles.
        notes: What a reader of the table must know.
        prepare: Makes what the contenders need, before the first of them runs.
    """

    name: str
    title: str
    records: int
    contenders: Sequence[Contender]
    reference: Callable[[int], str]
    unit: str = "records"
    in_bench: bool = False
    metric: str = "per_second"
    higher_is_better: bool = True
    figures: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    prepare: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        if not self.contenders[0].ours:
            raise ValueError(f"{self.name}: the first contender is {self.contenders[0].name}, not the engine")

    def records_of(self, contender: Contender, scale: float) -> int:
        """Returns how many records a contender does."""
        return max(1, int((contender.records or self.records) * scale))
