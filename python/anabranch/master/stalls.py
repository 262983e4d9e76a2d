"""Notices a job in which records wait and none moves, or no checkpoint completes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from anabranch.v1.control_pb2 import TaskDescriptor, TaskReport


class StallDetector:
    """Fed with the tasks' reports; says once per stall what holds the job up."""

    def __init__(self, warn_after: float) -> None:
        """Makes a detector.

        Args:
            warn_after: Seconds without a moving record before a warning; 0 for none.
        """
        self._warn_after = warn_after
        self._moved: dict[int, int] = {}
        self._since: float | None = None
        self._warned = False

    def check(self, now: float, tasks: Mapping[int, TaskDescriptor], reports: Mapping[int, TaskReport]) -> str | None:
        """Returns a warning if one is due at time `now`."""
        moved = {
            task: sum(counters.records_in + counters.records_out for counters in report.operators)
            for task, report in reports.items()
        }
        waiting = [task for task, report in reports.items() if _records_wait(report)]
        if moved != self._moved or not waiting:
            self._moved, self._since, self._warned = moved, now, False
            return None
        if self._warned or not self._warn_after or self._since is None or now - self._since < self._warn_after:
            return None
        self._warned = True
        lines = [f"no record has moved for {now - self._since:.0f} s, while records wait:"]
        for task, report in reports.items():
            doing = _doing(report)
            if doing:
                lines.append(f"  {tasks[task].name}: {doing}")
        return "\n".join(lines)


class LateCheckpoints:
    """Fed with what is missing of the pending checkpoint; says where it waits, once it is late and ever more rarely."""

    def __init__(self, warn_after: float = 30.0) -> None:
        """Makes one that warns.

        Args:
            warn_after: After how many seconds; then whenever twice as much time has passed.
        """
        self._warn_after = warn_after
        self._number: int | None = None
        self._due = warn_after

    def check(
        self,
        now: float,
        number: int | None,
        began: float,
        missing: Collection[int],
        *,
        tasks: Mapping[int, TaskDescriptor],
        reports: Mapping[int, TaskReport],
    ) -> str | None:
        """Returns a warning if one is due at time `now`.

        Args:
            now: The time.
            number: The pending checkpoint; None: there is none.
            began: When it was begun.
            missing: The tasks that have not taken their part of it.
            tasks: All tasks.
            reports: Their last reports.
        """
        if number != self._number:
            self._number, self._due = number, self._warn_after
        if number is None or not missing or now - began < self._due:
            return None
        self._due = 2 * (now - began)
        names = ", ".join(awaited(missing, tasks, reports))
        return (
            f"no checkpoint for {now - began:.0f} s: checkpoint {number} waits for {names}, "
            "which has to handle what came before it"
        )


def awaited(
    missing: Collection[int], tasks: Mapping[int, TaskDescriptor], reports: Mapping[int, TaskReport]
) -> list[str]:
    """Returns the names of the tasks that a checkpoint waits for first.

    Barriers have passed all before them, or wait there because a consumer takes no more.
    """
    backpressured = {task for task in missing if task in reports and reports[task].backpressured}
    slow = set(missing) - backpressured or backpressured
    return [tasks[task].name for task in sorted(slow) if not producers_of(tasks[task]) & slow]


def producers_of(task: TaskDescriptor) -> set[int]:
    """Returns the tasks that send to a task."""
    return {channel.peer_task for edge in task.inputs for channel in edge.channels}


def _records_wait(report: TaskReport) -> bool:
    return report.queued_input_frames > 0 or report.queued_output_frames > 0 or report.backpressured


def _doing(report: TaskReport) -> str:
    if report.backpressured:
        return "waits for its consumers"
    if report.busy_ms:
        at = f", at {report.busy_at}" if report.busy_at else ""
        return f"has been handling one batch for {report.busy_ms / 1000:.0f} s or more{at}"
    if report.queued_input_frames:
        return "has input that it does not read"
    return ""
