"""The master's part of checkpoints: when one begins, what has come of it, where it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.numbers import FINAL, checkpoint_name, public_number
from anabranch.checkpoint.store import CheckpointStore
from anabranch.config import Options
from anabranch.derived_keys import derive_key
from anabranch.job import CompletedCheckpoint
from anabranch.repeated import is_reported
from anabranch.threads import in_thread
from anabranch.v1 import control_pb2 as control

_DELAYS_OF_LAST = (1.0, 2.0)  # seconds before the checkpoint at the end is written again


class Checkpoints:
    """Begins a checkpoint when one is due, gathers the snapshots of the tasks, and completes it.

    One at a time. Everything is called on the master's event loop; files are written on other threads.

    Attributes:
        last: Number of the last complete one; 0: none.
        snapshots: Its snapshots, by task.
        last_completed: What users are told of it; None: there is none.
        failures: How many have failed since.
    """

    def __init__(
        self,
        options: Options,
        job_id: str,
        consumers: Mapping[int, frozenset[int]],
        *,
        secret: bytes,
        tell_all: Callable[[control.MasterMessage], None],
        remember: Callable[[], Awaitable[None]],
        may_complete: Callable[[int], bool],
        warn: Callable[[str], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        """Takes the place of the job's checkpoints.

        Args:
            options: Of the job.
            job_id: Of the job.
            consumers: Its tasks, each with those that it sends to.
            secret: Of the job; who does not know it cannot make a checkpoint that is believed.
            tell_all: Sends a message to every worker.
            remember: Has the number of the last checkpoint remembered.
            may_complete: Whether a checkpoint with all its parts may be complete already; if not, who knows when it
                may calls `complete_if_whole`.
            warn: Takes what the user should know.
            fail: Ends the job, for checkpoints cannot be written.

        Raises:
            CheckpointError: There is no such place.
        """
        self.last = 0
        self.snapshots: dict[int, control.Snapshot] = {}
        self._tasks = frozenset(consumers)
        self._consumers = consumers
        # By task, how many of those that send to it have not ended.
        self._living_producers = Counter(one for sent_to in consumers.values() for one in sent_to)
        self._interval = options.integer("anabranch.checkpoint.interval-ms") / 1000
        self._tell_all = tell_all
        self._remember = remember
        self._may_complete = may_complete
        self._warn = warn
        self._fail = fail
        self._timeout = options.integer("anabranch.checkpoint.timeout-ms") / 1000
        self._most_failures = options.integer("anabranch.checkpoint.max-failures")
        self.failures = 0
        self.last_completed: CompletedCheckpoint | None = None
        self._completed_before = 0  # by another master, as far as this one could be told
        url, retained = options.text("anabranch.checkpoint.dir"), options.integer("anabranch.checkpoint.retained")
        key = derive_key(secret, "checkpoint")
        self._store = CheckpointStore(url, job_id, max(1, retained), key=key, warn=warn)
        self._pending: int | None = None
        self._written: int | None = None
        self._taken: dict[int, control.Snapshot] = {}
        self._ended: dict[int, control.Snapshot] = {}  # behind the end of tasks that have ended
        self._number = 0
        self._began = time.monotonic()
        self._began_at = time.time()
        self._log_limit = options.integer("anabranch.inflight.memory-bytes")
        self._is_wanted = False  # before the interval is over
        self._writes: set[asyncio.Task[None]] = set()

    async def check(self) -> None:
        """Finds out, before anything is started, whether checkpoints can be written.

        Raises:
            CheckpointError: They cannot.
        """
        await in_thread(self._store.check_writable)

    async def load(self, number: int, completed: int, last: CompletedCheckpoint | None) -> None:
        """Goes on where another master has stopped. What that had begun and not completed is given up.

        Args:
            number: The last checkpoint that was begun, complete or not.
            completed: The last one that was completed.
            last: What users are told of that.

        Raises:
            CheckpointError: The last complete one cannot be read.
        """
        stored = await in_thread(self._store.latest)
        self._number = number
        self._completed_before = completed
        if stored is not None:
            self.last = stored.number
            self.last_completed = (
                last
                if completed == stored.number
                else CompletedCheckpoint(public_number(stored.number), time.time(), 0.0)
            )
            self.snapshots = {task: control.Snapshot.FromString(stored.snapshot(task)) for task in stored.tasks}

    @property
    def number(self) -> int:
        """The last checkpoint that was begun."""
        return self._number

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
        number = self._pending or self._written
        return None if number is None else (number, self._began_at)

    @property
    def missing(self) -> set[int]:
        """The tasks that have not taken their part of the pending checkpoint."""
        if self._pending is None:
            return set()
        return set(self._tasks.difference(list(self._taken), list(self._ended)))  # copies: asked from other threads too

    @property
    def all_ended(self) -> bool:
        """True once every task has sent the snapshot behind its end."""
        return len(self._ended) == len(self._tasks)

    async def begin_if_due(self, now: float) -> None:
        """Begins a checkpoint if it is time for one; every task must run that has not ended."""
        # One after the other is written: a later one removes what an earlier one is still writing.
        is_due = self._is_wanted or now - self._began >= self._interval
        if is_due and self._pending is None and not self._writes and not self.all_ended:
            self._is_wanted = False
            self._began, self._began_at = now, time.time()
            self._number += 1
            await self._remember()  # no master after this one may use the number again
            self._pending = self._number
            self._taken = {}
            self._tell_all(self.trigger(self._tasks))

    def note_logs(self, n_bytes: int) -> None:
        """Takes note of what determinant logs take in a task; too much of it is a reason for a checkpoint."""
        if n_bytes > self._log_limit and self._pending is None:
            self._is_wanted = True

    def trigger(self, tasks: Collection[int]) -> control.MasterMessage:
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
            self._tell_all(self.trigger(alone))

    async def settle(self) -> None:
        """Waits until no checkpoint is being written: which one is the last is settled then.

        Were a task restored from the one before, the others would have dropped by then what it needs.
        """
        await asyncio.gather(*self._writes, return_exceptions=True)

    async def stop(self, timeout: float) -> None:
        """Begins no more, and waits for what is being written: what is complete, sinks commit before they end."""
        self.abandon()
        if self._writes:
            await asyncio.wait(self._writes, timeout=timeout)

    def abandon(self) -> None:
        """Gives up the pending checkpoint: all tasks go back to the last complete one."""
        self._pending = None

    def forget(self, tasks: Collection[int]) -> None:
        """Forgets the parts that these tasks have sent; they begin again and will send the same once more.

        Without that the pending checkpoint could be complete while they still go on from the one before.
        """
        for task in tasks:
            if self._ended.pop(task, None) is not None:
                self._living_producers.update(self._consumers[task])
            self._taken.pop(task, None)

    async def complete_last(self) -> None:
        """Writes the snapshots behind the end, once all are there.

        Raises:
            CheckpointError: They cannot be written.
        """
        await self.settle()
        self._pending, self._began_at = None, time.time()
        write = asyncio.ensure_future(self._write_last(dict(self._ended)))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        await write

    async def _write_last(self, parts: dict[int, control.Snapshot]) -> None:
        for delay in _DELAYS_OF_LAST:
            try:
                await self._write(FINAL, parts)
                break
            except CheckpointError as error:
                self._warn(f"{error}; it is tried again in {delay:g} s")
                await asyncio.sleep(delay)
        else:
            await self._write(FINAL, parts)
        await self._completed(FINAL, parts)

    def complete_if_whole(self) -> None:
        """Completes the pending checkpoint if all its parts are there and nothing else keeps it back."""
        if self._pending is None or not self._tasks <= self._taken.keys() | self._ended.keys() or self.all_ended:
            return
        if not self._may_complete(self._pending):
            return
        number, parts = self._pending, {**self._ended, **self._taken}
        self._pending = None
        write = asyncio.ensure_future(self._complete(number, parts))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def _complete(self, number: int, parts: dict[int, control.Snapshot]) -> None:
        try:
            await self._write(number, parts)
        except CheckpointError as error:
            await self._on_failure(number, error)
        else:
            try:
                await self._completed(number, parts)
            except Exception as error:  # noqa: BLE001 - nobody awaits this
                self._fail(error)

    async def _on_failure(self, number: int, error: CheckpointError) -> None:
        self.failures += 1
        if self._most_failures and self.failures >= self._most_failures:
            self._fail(error)
            return
        if is_reported(self.failures):
            again = f" {self.failures} in a row have failed by now." if self.failures > 1 else ""
            self._warn(f"{error}\nThe job runs on, and its tasks keep what the last complete checkpoint needs.{again}")
        with contextlib.suppress(CheckpointError, asyncio.TimeoutError):
            await asyncio.wait_for(in_thread(self._store.discard, number), self._timeout)

    async def _write(self, number: int, parts: dict[int, control.Snapshot]) -> None:
        """Writes a checkpoint.

        Raises:
            CheckpointError: It cannot be written, or not in time.
        """
        given_up = threading.Event()
        self._written = number

        def write() -> None:
            for task, snapshot in parts.items():
                if given_up.is_set():
                    return
                self._store.write_snapshot(number, task, snapshot.SerializeToString())
            if not given_up.is_set():
                self._store.complete(number, b"", parts.keys())

        try:
            await asyncio.wait_for(in_thread(write), self._timeout)
        except asyncio.TimeoutError:
            given_up.set()
            limit = f"within {self._timeout:g} s (option anabranch.checkpoint.timeout-ms)"
            raise CheckpointError(f"{checkpoint_name(number)} could not be written {limit}") from None
        except Exception as error:
            what = str(error) if isinstance(error, CheckpointError) else f"{type(error).__name__}: {error}"
            raise CheckpointError(f"{checkpoint_name(number)} could not be written: {what}") from error
        finally:
            self._written = None

    async def _completed(self, number: int, parts: dict[int, control.Snapshot]) -> None:
        self.last, self.snapshots = number, parts
        self.failures = 0
        now = time.time()
        self.last_completed = CompletedCheckpoint(public_number(number), now, max(0.0, now - self._began_at))
        await self._remember()  # before the tasks forget what the one before it needs
        completed = control.CheckpointCompleted(number=number)
        self._tell_all(control.MasterMessage(checkpoint_completed=completed))
