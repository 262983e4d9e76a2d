"""The states of a task."""

from __future__ import annotations

import enum

from anabranch.v1 import control_pb2 as control


class TaskState(enum.Enum):
    """Life of a task.

    CREATED ----> RUNNING ----> FINISHED
       |             |--------> FAILED
       '-------------'--------> CANCELLED
    (CREATED may also become FAILED, and with recovery FINISHED too: the last commit may go wrong.)
    """

    CREATED = control.TASK_STATE_CREATED
    RUNNING = control.TASK_STATE_RUNNING
    FINISHED = control.TASK_STATE_FINISHED
    FAILED = control.TASK_STATE_FAILED
    CANCELLED = control.TASK_STATE_CANCELLED

    def may_become(self, other: TaskState) -> bool:
        """Returns whether the transition is legal."""
        return other in _TRANSITIONS[self]


_TRANSITIONS = {
    TaskState.CREATED: {TaskState.RUNNING, TaskState.FAILED, TaskState.CANCELLED},
    TaskState.RUNNING: {TaskState.FINISHED, TaskState.FAILED, TaskState.CANCELLED},
    TaskState.FINISHED: {TaskState.FAILED},
    TaskState.FAILED: set[TaskState](),
    TaskState.CANCELLED: set[TaskState](),
}
