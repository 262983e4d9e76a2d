"""Notices a job in which records wait and none moves."""

from __future__ import annotations

from collections.abc import Mapping

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
