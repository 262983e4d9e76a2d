"""The error of a replay."""

from __future__ import annotations

from anabranch.errors import AnabranchError


class NondeterminismError(AnabranchError, RuntimeError):
    """A replayed task did something else than before its failure.

    Attributes:
        task: The task, as users know it.
        position: Epoch, and index in the epoch, of the log entry where the two ways part.
        expected: What the replayed task came to now.
        found: What the log has there.
    """

    code = "AB302"

    def __init__(self, task: str, position: tuple[int, int], expected: str, found: str) -> None:
        epoch, index = position
        super().__init__(
            f"replay of {task} diverged from its log at entry {index} of epoch {epoch}: expected {found},"
            f" got {expected}. Something in its code changes from run to run (a clock, random numbers, threads, the"
            " order of a set, an external system); pass it through ctx.nondeterministic(f)"
        )
        self.task = task
        self.position = position
        self.expected = expected
        self.found = found
