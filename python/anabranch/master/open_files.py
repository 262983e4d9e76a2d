"""Whether the tasks of a worker fit its limit of open files, known before any of them is deployed."""

from __future__ import annotations

from collections.abc import Sequence

from anabranch.master.failures import language_name
from anabranch.v1.control_pb2 import TaskDescriptor
from anabranch.v1.graph_pb2 import Language

# What the event loop of a task has open: Python's selector and its pair of sockets, the fewer files of Java's.
_LOOP = 3
# The process: standard streams, the control stream, jars, and what functions may open.
_PROCESS = 50


def channel_ends(tasks: Sequence[TaskDescriptor]) -> int:
    """Returns how many sockets the channels of these tasks take; one between two of them takes two."""
    return sum(len(edge.channels) for task in tasks for edges in (task.inputs, task.outputs) for edge in edges)


def files_needed(tasks: Sequence[TaskDescriptor], *, several_hosts: bool) -> int:
    """Returns how many open files a worker needs to run these tasks.

    Args:
        tasks: Those of the worker.
        several_hosts: True if a task may listen on two kinds of socket.
    """
    listeners = (2 if several_hosts else 1) * sum(bool(task.outputs) for task in tasks)
    return channel_ends(tasks) + listeners + _LOOP * len(tasks) + _PROCESS


def shortage(
    worker_id: str, language: Language, tasks: Sequence[TaskDescriptor], limit: int, *, several_hosts: bool
) -> str | None:
    """Returns the message for a worker whose tasks do not fit its limit of open files; None if they do.

    Args:
        worker_id: The worker.
        language: That of its tasks.
        tasks: What it is to run.
        limit: How many files it may have open; 0: any number.
        several_hosts: True if a task may listen on two kinds of socket.
    """
    needed = files_needed(tasks, several_hosts=several_hosts)
    if not limit or needed <= limit:
        return None
    n, ends = len(tasks), channel_ends(tasks)
    option = f"anabranch.{language_name(language).lower()}.tasks-per-worker"
    ways = ["raise the limit where workers start", "use fewer parallel subtasks"]
    if n > 1:
        ways.insert(1, f"have fewer tasks share a worker (option {option})")
    what = "1 task" if n == 1 else f"{n:,} tasks"
    return (
        f"worker {worker_id} would exceed its limit of open files: its {what} would have {ends:,} ends of channels,"
        f" each of them a socket, and would need {needed:,} file descriptors; its process may have {limit:,}"
        f" (ulimit -n)\nhint: {', or '.join([', '.join(ways[:-1]), ways[-1]])}"
    )
