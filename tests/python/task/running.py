"""Runs the tasks of a job on threads of this process, and does for them what a job master does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.python.task.describing import TestJob

from anabranch.checkpoint.numbers import FINAL
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.task.lifecycle import TaskState
from anabranch.task.task import Task
from anabranch.v1 import control_pb2 as control

_LIMIT_SECONDS = 100


class RunningJob:
    """The tasks of a job, which the test watches, has take checkpoints, kills and restores.

    Attributes:
        snapshots: What each task has reported, in order; also of checkpoints that never became complete.
        states: By task, the states that its newest incarnation has entered.
        errors: By task, why it has failed.
        before_report: Called on the thread of a task that is about to report a snapshot.
    """

    def __init__(self, job: TestJob) -> None:
        self.snapshots: dict[int, list[control.Snapshot]] = {}
        self.states: dict[int, list[TaskState]] = {}
        self.errors: dict[int, control.TaskError] = {}
        self.before_report: Callable[[int, control.Snapshot], None] = lambda _task, _snapshot: None
        self._context = job.context()
        self._descriptors = {descriptor.task_id: descriptor for descriptor in job.tasks}
        self._tasks: dict[int, Task] = {}
        self._changed = threading.Condition(threading.RLock())
        self._endpoints: dict[int, control.Endpoint | None] = {}
        self._ended: dict[int, control.Snapshot] = {}
        self._taken: dict[int, control.Snapshot] = {}
        self._complete: dict[int, control.Snapshot] = {}
        self._number = self._complete_number = 0
        self._committed: set[int] = set()
        with self._changed:
            for descriptor in job.tasks:
                self._launch(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        for task in self._tasks.values():
            self._join(task)

    def task(self, number: int) -> Task:
        """The newest incarnation of a task."""
        return self._tasks[number]

    # ------------------------------------------------------------------ what the test does

    def begin_checkpoint(self, *tasks: int) -> int:
        """Triggers a checkpoint at these tasks once all tasks are live, and returns its number."""
        self.wait_for("recovery", self._all_live)
        with self._changed:
            self._number += 1
            self._taken.clear()
            for number in tasks:
                self._tasks[number].trigger_checkpoint(self._number)
            return self._number

    def checkpoint(self, *tasks: int) -> None:
        """Triggers a checkpoint, and waits until it is complete or the job has ended."""
        number = self.begin_checkpoint(*tasks)
        self.wait_for(f"checkpoint {number}", lambda: self._complete_number >= number)

    def kill(self, *numbers: int) -> None:
        """Ends these tasks as if their worker had died, and restores them from the last complete checkpoint."""
        with self._changed:
            for number in numbers:
                self._forget(number)
        for number in numbers:
            self._tasks[number].cancel()
            self._join(self._tasks[number])
        with self._changed:
            for number in numbers:
                self._forget(number)  # also what it has reported meanwhile
                descriptor = self._descriptors[number] = _next_incarnation(self._descriptors[number])
                descriptor.restore.CopyFrom(self._complete.get(number, control.Snapshot()))
                self._launch(descriptor)

    def await_end(self) -> None:
        """Waits until all tasks have finished, and in a job with checkpoints committed everything."""
        has_checkpoints = self._context.options.mode != "none"
        self.wait_for("end", lambda: len(self._committed) == len(self._tasks) if has_checkpoints else self._finished())

    def await_error(self) -> control.TaskError:
        """Waits until a task has failed, and returns why."""
        self.wait_for("error", lambda: bool(self.errors), fails=False)
        return next(iter(self.errors.values()))

    def await_state(self, number: int, state: TaskState) -> None:
        """Waits until a task has entered a state."""
        self.wait_for(
            f"{state} of task {number}", lambda: state in self.states[number], fails=state != TaskState.FAILED
        )

    def wait_for(self, what: str, condition: Callable[[], bool], *, fails: bool = True) -> None:
        """Waits until a condition holds; `fails`: a task that fails meanwhile is an error of the test."""

        def is_over() -> bool:
            return condition() or (fails and bool(self.errors))

        with self._changed:
            deadline = time.monotonic() + _LIMIT_SECONDS
            while not is_over() and time.monotonic() < deadline:
                self._changed.wait(0.02)  # not every condition is about what a task reports
            assert condition(), f"no {what}: {self.states}, {self.errors}"

    # ------------------------------------------------------------------ what tasks report

    def deployed(self, task: Task, endpoint: control.Endpoint | None) -> None:
        with self._changed:
            if not self._is_current(task):
                return
            number = task.descriptor.task_id
            self._endpoints[number] = endpoint
            self._connect(number, set(self._endpoints))
            for consumer in self._endpoints:
                if consumer != number:
                    self._connect(consumer, {number})
            self._changed.notify_all()

    def entered(self, task: Task, state: TaskState, error: control.TaskError | None) -> None:
        with self._changed:
            if self._is_current(task):
                number = task.descriptor.task_id
                self.states[number].append(state)
                if error is not None:
                    self.errors[number] = error
                self._complete_if_whole()
            self._changed.notify_all()

    def checkpoint_of(self, number: int, checkpoint: int) -> list[control.Snapshot]:
        """What a task has reported of one checkpoint."""
        return [snapshot for snapshot in self.snapshots.get(number, []) if snapshot.number == checkpoint]

    def committed(self, task: Task, number: int) -> None:
        with self._changed:
            if number == FINAL and self._is_current(task):
                self._committed.add(task.descriptor.task_id)
            self._changed.notify_all()

    def collected(self, batch: control.CollectedBatch) -> None:
        raise AssertionError(batch)

    # ------------------------------------------------------------------

    def _took(self, task: Task, taken: NewSnapshot) -> None:
        taken.put_payloads_into_message()
        snapshot = taken.message
        self.before_report(task.descriptor.task_id, snapshot)
        with self._changed:
            number = task.descriptor.task_id
            if not self._is_current(task):
                return
            self.snapshots.setdefault(number, []).append(snapshot)
            if snapshot.number == FINAL:
                self._ended[number] = snapshot
            elif snapshot.number == self._number:
                self._taken[number] = snapshot
            self._complete_if_whole()
            self._changed.notify_all()

    def _launch(self, descriptor: control.TaskDescriptor) -> None:
        self.states[descriptor.task_id] = []
        task = Task(descriptor, self._context, _Reporter(self))
        self._tasks[descriptor.task_id] = task
        task.start()

    def _connect(self, number: int, peers: set[int]) -> None:
        inputs = self._descriptors[number].inputs
        producers = [
            control.ConnectTask.Producer(
                channel=channel.channel,
                incarnation=self._descriptors[channel.peer_task].incarnation,
                endpoint=self._endpoints[channel.peer_task],
            )
            for edge in inputs
            for channel in edge.channels
            if channel.peer_task in peers & set(self._endpoints)
        ]
        if producers:
            self._tasks[number].connect(producers)

    def _complete_if_whole(self) -> None:
        parts = {**self._ended, **self._taken}
        if len(self._ended) == len(self._tasks):
            if self._finished():
                self._completed(FINAL, self._ended)
        elif len(parts) == len(self._tasks) and self._number > self._complete_number:
            self._completed(self._number, parts)

    def _completed(self, number: int, parts: dict[int, control.Snapshot]) -> None:
        self._complete, self._complete_number = dict(parts), number
        for task in self._tasks.values():
            task.complete_checkpoint(number)

    def _finished(self) -> bool:
        return all(states[-1:] == [TaskState.FINISHED] for states in self.states.values())

    def _all_live(self) -> bool:
        live = (TaskState.RUNNING, TaskState.FINISHED)
        return all(states and states[-1] in live for states in self.states.values())

    def _forget(self, number: int) -> None:
        for of_task in (self._endpoints, self._taken, self._ended):
            of_task.pop(number, None)

    def _is_current(self, task: Task) -> bool:
        return self._tasks[task.descriptor.task_id] is task

    def _join(self, task: Task) -> None:
        task.thread.join(_LIMIT_SECONDS)
        assert not task.thread.is_alive(), f"task {task.descriptor.name} does not end"


class _Reporter:
    """Where tasks report to: `RunningJob.checkpoint` is what the test does, not what a task reports."""

    def __init__(self, job: RunningJob) -> None:
        self.deployed, self.entered, self.collected = job.deployed, job.entered, job.collected
        self.checkpoint, self.committed = job._took, job.committed


def _next_incarnation(descriptor: control.TaskDescriptor) -> control.TaskDescriptor:
    made = control.TaskDescriptor()
    made.CopyFrom(descriptor)
    made.incarnation += 1
    return made
