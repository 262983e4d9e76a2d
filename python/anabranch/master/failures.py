"""The messages of failed jobs: what failed, where, with which record, and the user's own lines."""

from __future__ import annotations

import signal

from anabranch.launch.launcher import LOST
from anabranch.v1.control_pb2 import TaskError
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, Language


def language_name(language: Language) -> str:
    """Returns the language as it is written in messages."""
    return "Java" if language == LANGUAGE_JAVA else "Python"


def task_failure(error: TaskError) -> str:
    """Returns the message for a task that reported an error; its summary alone if that blames no operator."""
    where = f"operator {error.operator!r} failed, subtask {error.subtask}, {language_name(error.language)}"
    if error.record_position >= 0:
        where += f", record {error.record_position}"
    if error.record:
        where += f": {error.record}"
    parts = [where] if error.operator else []
    if error.user_trace:
        parts.append(error.user_trace.rstrip("\n"))
    else:
        parts.append(error.summary)
    if error.hint:
        parts.append(f"hint: {error.hint}")
    return "\n".join(parts)


def worker_death(worker: str, pid: int, exit_code: int | None, operators: str, last_lines: list[str]) -> str:
    """Returns the message for a worker that ended by itself."""
    if exit_code is None:
        how = "closed its control stream but is still there"
    elif exit_code == LOST:
        how = "was lost: it was killed, or its node is gone"
    elif exit_code < 0:
        try:
            how = f"was killed by {signal.Signals(-exit_code).name}"
        except ValueError:
            how = f"was killed by signal {-exit_code}"
    else:
        how = f"exited with code {exit_code}"
    message = f"worker {worker}, process {pid}, {how}" + (f" while it ran {operators}" if operators else "")
    if last_lines:
        message += "\nits last lines on stderr:\n" + "\n".join(f"  {line}" for line in last_lines)
    return message
