"""When a checkpoint begins, what has come of it, and when it is complete."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Coroutine

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.numbers import DELAYS_OF_LAST, FINAL, checkpoint_name, public_number
from anabranch.config import Options
from anabranch.job import CompletedCheckpoint
from anabranch.master.assignment import Assignment
from anabranch.master.checkpoint_writer import CheckpointWriter
from anabranch.master.execution import Execution
from anabranch.master.handover import Handover
from anabranch.master.job_life import JobLife, Phase
from anabranch.master.results import Results
from anabranch.repeated import is_reported
from anabranch.v1 import control_pb2 as control
from anabranch.v1.master_pb2 import MasterState


class CheckpointCoordinator:
    """Begins a checkpoint when one is due, gathers the snapshots of the tasks, and completes it. One at a time.

    Once all tasks have finished it completes the checkpoint at the end, and the job is done when all have committed
    what belongs to it. Its twin for jobs without checkpoints is `NoCheckpoints`.

    Attributes:
        last: Number of the last complete one; 0: none.
        snapshots: Its snapshots, by task.
        last_completed: What users are told of it; None: there is none.
        failures: How many have failed since.
    """

    def __init__(
        self,
        options: Options,
        assignment: Assignment,
        writer: CheckpointWriter,
        *,
        results: Results,
        handover: Handover,
        life: JobLife,
    ) -> None:
        self.last = 0
        self.snapshots: dict[int, control.Snapshot] = {}
        self.failures = 0
        self.last_completed: CompletedCheckpoint | None = None
        self._assignment = assignment
        self._tasks = frozenset(assignment.tasks)
        self._consumers = assignment.tasks.consumers
        # By task, how many of those that send to it have not ended.
        self._living_producers = Counter(one for sent_to in self._consumers.values() for one in sent_to)
        self._writer = writer
        self._results = results
        self._handover = handover
        self._life = life
        self._interval = options.integer("anabranch.checkpoint.interval-ms") / 1000
        self._most_failures = options.integer("anabranch.checkpoint.max-failures")
        self._log_limit = options.integer("anabranch.inflight.memory-bytes")
        self._completed_before = 0  # by another master, as far as this one could be told
        self._pending: int | None = None
        self._taken: dict[int, control.Snapshot] = {}
        self._ended: dict[int, control.Snapshot] = {}  # of tasks that have ended: what follows their end
        self._number = 0  # of the last one that was begun
        self._began = time.monotonic()
        self._began_at = time.time()
        self._is_wanted = False  # before the interval is over
        self._writes: set[asyncio.Task[None]] = set()
        self._at_end: asyncio.Future[None] | None = None  # completes the checkpoint at the end

    async def check(self) -> None:
        """Finds out, before anything is started, whether checkpoints can be written.

        Raises:
            CheckpointError: They cannot.
        """
        await self._writer.check()

    def save_to(self, state: MasterState) -> None:
        """Notes which checkpoints there are."""
        state.begun_checkpoint = self._number
        state.completed_checkpoint = self.last
        if self.last_completed is not None:
            state.completed_at = self.last_completed.completed_at
            state.checkpoint_duration = self.last_completed.duration

    async def load_from(self, state: MasterState) -> None:
        """Goes on where another master has stopped. What that had begun and not completed is given up.

        Raises:
            CheckpointError: The last complete one cannot be read.
        """
        stored = await self._writer.latest()
        self._number = state.begun_checkpoint
        self._completed_before = state.completed_checkpoint
        if stored is None:
            return
        self.last = stored.number
        is_known = stored.number == state.completed_checkpoint
        self.last_completed = CompletedCheckpoint(
            public_number(stored.number),
            state.completed_at if is_known else time.time(),
            state.checkpoint_duration if is_known else 0.0,
        )
        self.snapshots = {task: control.Snapshot.FromString(stored.snapshot(task)) for task in stored.tasks}

    def resume(self) -> None:
        """Asks tasks that have ended under another master to commit: those that have would not say so again."""
        if self.last == FINAL:
            self._tell_completed(FINAL)

    @property
    def is_behind_tasks(self) -> bool:
        """True if a newer one was complete and cannot be read: the tasks have forgotten what the last one needs."""
        return self.last < self._completed_before

    @property
    def pending(self) -> int | None:
        """The checkpoint that has begun and is not complete."""
        return self._pending

    @property
    def began(self) -> float:
        """When the last checkpoint was begun, of `time.monotonic`."""
        return self._began

    @property
    def begun(self) -> tuple[int, float] | None:
        """The checkpoint that has begun and is not complete, also if it is being written: number and `time.time`."""
        number = self._pending or self._writer.writing
        return None if number is None else (number, self._began_at)

    @property
    def missing(self) -> set[int]:
        """The tasks that have not taken their part of the pending checkpoint."""
        if self._pending is None:
            return set()
        return set(self._tasks.difference(list(self._taken), list(self._ended)))  # copies: asked from other threads too

    @property
    def all_ended(self) -> bool:
        """True once every task has sent the snapshot that follows its end."""
        return len(self._ended) == len(self._tasks)

    async def begin_if_due(self, now: float) -> None:
        """Begins a checkpoint if it is time for one; every task must run that has not ended."""
        # One after the other is written: a later one removes what an earlier one is still writing.
        is_due = self._is_wanted or now - self._began >= self._interval
        if is_due and self._pending is None and not self._writes and not self.all_ended:
            self._is_wanted = False
            self._began, self._began_at = now, time.time()
            self._number += 1
            await self._handover.save()  # no master after this one may use the number again
            self._pending = self._number
            self._taken = {}
            self._assignment.tell_all(self._trigger(self._tasks))

    def note_logs(self, n_bytes: int) -> None:
        """Takes note of what determinant logs take in a task; too much of it is a reason for a checkpoint."""
        if n_bytes > self._log_limit and self._pending is None:
            self._is_wanted = True

    def _trigger(self, tasks: Collection[int]) -> control.MasterMessage:
        """Returns the message that has those of the tasks take the pending checkpoint that no barrier will reach."""
        trigger = control.TriggerCheckpoint(
            number=self._pending or 0,
            timestamp_ms=int(time.time() * 1000),
            task_ids=[task for task in tasks if not self._living_producers[task] and task not in self._ended],
        )
        return control.MasterMessage(trigger_checkpoint=trigger)

    def take(self, task: int, snapshot: control.Snapshot) -> None:
        """Takes a task's part of a checkpoint."""
        if snapshot.number == FINAL:
            self._take_end(task, snapshot)
        elif snapshot.number == self._pending:
            self._taken[task] = snapshot
        self.complete_if_whole()
        self.commit_if_finished()

    def give_up(self, number: int, why: str) -> None:
        """Gives a checkpoint up of which a worker could not write its part."""
        error = CheckpointError(f"{checkpoint_name(number)} could not be written: {why}")
        if number == FINAL:  # which the worker has tried to write more than once
            self._life.fail_by(error)
        elif number == self._pending:
            self._pending = None
            self._await_write(self._on_failure(number, error))

    def task_is_live_again(self, task: Execution) -> None:
        """Has a new incarnation take part in what its other tasks are told of only once."""
        if self._pending is not None:
            task.worker.send(self._trigger({task.task_id}))
        if self.last == FINAL:  # its incarnation before has died between the end and the commit
            completed = control.CheckpointCompleted(number=FINAL)
            task.worker.send(control.MasterMessage(checkpoint_completed=completed))

    def _take_end(self, task: int, snapshot: control.Snapshot) -> None:
        if task not in self._ended:
            self._living_producers.subtract(self._consumers[task])
        self._ended[task] = snapshot
        if self._pending is None:
            return
        alone = {one for one in self._consumers[task] if not self._living_producers[one]}
        alone -= self._taken.keys() | self._ended.keys()
        if alone and any(alone & self._consumers[taken] for taken in self._taken):
            # The barrier of some and the end of others: it may be long before they come to it. The next one is better.
            self._pending = None
            self._began = -self._interval
        elif alone:
            self._assignment.tell_all(self._trigger(alone))

    async def settle(self) -> None:
        """Waits until no checkpoint is being completed: which one is the last is settled then.

        Were a task restored from the one before, the others would have dropped by then what it needs.
        """
        await self._settle_writes()
        if self._at_end is not None:
            await self._at_end

    async def _settle_writes(self) -> None:
        await asyncio.gather(*self._writes, return_exceptions=True)

    async def stop(self, timeout: float) -> None:
        """Begins no more, and waits for what is being written: what is complete, sinks commit before they end."""
        self.abandon()
        if self._writes:
            await asyncio.wait(self._writes, timeout=timeout)

    def abandon(self) -> None:
        """Gives up the pending checkpoint: all tasks roll back to the last complete one."""
        self._pending = None

    def forget(self, tasks: Collection[int]) -> None:
        """Forgets the parts that these tasks have sent; they begin again and will send the same once more.

        Without that the pending checkpoint could be complete while they still go on from the one before.
        """
        for task in tasks:
            if self._ended.pop(task, None) is not None:
                self._living_producers.update(self._consumers[task])
            self._taken.pop(task, None)

    def commit_if_finished(self) -> None:
        """Completes the checkpoint at the end once all tasks have finished: it makes visible what sinks hold back."""
        if self._life.phase is not Phase.RUNNING or not (self.all_ended or self.last == FINAL):
            return
        if not self._assignment.tasks.all_finished:
            return
        self._life.enter(Phase.COMMITTING)
        if self.last != FINAL:  # else a master before this one has completed it
            self._at_end = asyncio.ensure_future(self._complete_at_end())

    async def _complete_at_end(self) -> None:
        try:
            await self._results.wait_until_safe(FINAL)
            await self.complete_last()
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must not look as if all went well
            self._life.fail_by(error)

    def committed(self, task: Execution, number: int) -> None:
        """A task has committed what belongs to a checkpoint; the job is done once all have done so at the end."""
        if number == FINAL:
            task.committed = True
            if all(each.committed for each in self._assignment.tasks.values()):
                self._life.succeed()

    async def complete_last(self) -> None:
        """Writes the snapshots that follow the end, once all are there.

        Raises:
            CheckpointError: They cannot be written.
        """
        await self._settle_writes()
        self._pending, self._began_at = None, time.time()
        write = asyncio.ensure_future(self._write_last(dict(self._ended)))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        await write

    async def _write_last(self, parts: dict[int, control.Snapshot]) -> None:
        for delay in DELAYS_OF_LAST:
            try:
                await self._writer.write(FINAL, parts)
                break
            except CheckpointError as error:
                self._life.warn(f"{error}; it is tried again in {delay:g} s")
                await asyncio.sleep(delay)
        else:
            await self._writer.write(FINAL, parts)
        await self._completed(FINAL, parts)

    def complete_if_whole(self) -> None:
        """Completes the pending checkpoint if all its parts are there and nothing else keeps it back."""
        if self._pending is None or not self._tasks <= self._taken.keys() | self._ended.keys() or self.all_ended:
            return
        if not self._results.are_safe_before(self._pending):
            return
        number, parts = self._pending, {**self._ended, **self._taken}
        self._pending = None
        self._await_write(self._complete(number, parts))

    def _await_write(self, write: Coroutine[None, None, None]) -> None:
        """Begins no other checkpoint until this is over."""
        task = asyncio.ensure_future(write)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _complete(self, number: int, parts: dict[int, control.Snapshot]) -> None:
        try:
            await self._writer.write(number, parts)
        except CheckpointError as error:
            await self._on_failure(number, error)
        else:
            try:
                await self._completed(number, parts)
            except Exception as error:  # noqa: BLE001 - nobody awaits this
                self._life.fail_by(error)

    async def _on_failure(self, number: int, error: CheckpointError) -> None:
        self.failures += 1
        if self._most_failures and self.failures >= self._most_failures:
            self._life.fail_by(error)
            return
        if is_reported(self.failures):
            again = f" {self.failures} in a row have failed by now." if self.failures > 1 else ""
            kept = "The job runs on, and its tasks keep what the last complete checkpoint needs."
            self._life.warn(f"{error}\n{kept}{again}")
        await self._writer.discard(number)

    async def _completed(self, number: int, parts: dict[int, control.Snapshot]) -> None:
        self.last, self.snapshots = number, parts
        self.failures = 0
        now = time.time()
        self.last_completed = CompletedCheckpoint(public_number(number), now, max(0.0, now - self._began_at))
        await self._handover.save()  # before the tasks forget what the one before it needs
        self._tell_completed(number)

    def _tell_completed(self, number: int) -> None:
        completed = control.CheckpointCompleted(number=number)
        self._assignment.tell_all(control.MasterMessage(checkpoint_completed=completed))
