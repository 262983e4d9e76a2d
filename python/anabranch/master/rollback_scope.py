"""Decides which failed tasks can be recovered alone, and which tasks must roll back to the checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the tasks when some have failed.

    Attributes:
        local: Failed tasks that are recovered alone, from the determinants that live tasks hold.
        rollback: Tasks, failed or live, that roll back to the checkpoint and may take another way from there.
    """

    local: frozenset[int]
    rollback: frozenset[int]


def decide(failed: Collection[int], consumers: Mapping[int, frozenset[int]], sharing_depth: int) -> Decision:
    """Returns the decision for tasks that are down at the same time.

    A failed task's frontier are the first live tasks on the ways downstream of it. What they know of the task came
    over failed tasks only, so they hold its determinants if each of these ways is at most `sharing_depth` channels
    long. All ways count, not the shortest one: over a longer one, a live task may have come to depend on an event
    whose determinant was lost on the way. Such an orphan rolls back to the checkpoint with all that follows the
    failed task. A task without frontier may take any way, for nothing that lives depends on it.

    Args:
        failed: All tasks that are down, also those whose recovery has begun but is not complete.
        consumers: The acyclic task graph; a task that is no key has no consumers.
        sharing_depth: How many channels a determinant travels.
    """
    down = frozenset(failed)
    orphaning = {task for task in down if _has_orphans(task, down, consumers, sharing_depth)}
    rollback = _reachable(orphaning, consumers)
    return Decision(local=down - rollback, rollback=rollback)


def _has_orphans(task: int, down: frozenset[int], consumers: Mapping[int, frozenset[int]], sharing_depth: int) -> bool:
    failed_consumers = {one: consumers.get(one, frozenset()) & down for one in down}
    at_limit = {task}
    for _ in range(min(sharing_depth, len(down))):  # no way over failed tasks is longer
        at_limit = {consumer for one in at_limit for consumer in failed_consumers[one]}
    # These have the task's events, and whoever is behind them may have them without the determinants.
    beyond = _reachable(at_limit, failed_consumers)
    return any(not consumers.get(one, frozenset()) <= down for one in beyond)


def _reachable(tasks: Collection[int], consumers: Mapping[int, frozenset[int]]) -> frozenset[int]:
    """Returns the tasks and all their descendants."""
    reached = set(tasks)
    to_visit = list(tasks)
    while to_visit:
        new = consumers.get(to_visit.pop(), frozenset()) - reached
        reached |= new
        to_visit += new
    return frozenset(reached)
