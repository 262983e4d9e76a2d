"""How checkpoints are numbered: from 1, and the one that is taken once all tasks have ended is the last of all."""

from __future__ import annotations

FINAL = 2**63 - 1
DELAYS_OF_LAST = (1.0, 2.0)  # seconds before the checkpoint at the end is written again


def checkpoint_name(number: int) -> str:
    """Returns what messages call a checkpoint, or what a job without one begins again from."""
    if number == FINAL:
        return "the checkpoint at the end"
    return f"checkpoint {number}" if number else "the start"


def public_number(number: int) -> int | None:
    """Returns the number that users are shown: None for the checkpoint at the end."""
    return None if number == FINAL else number
