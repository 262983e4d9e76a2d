"""Writes what is large of the snapshots of tasks, and reports them, while the tasks go on."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from anabranch import faults
from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.numbers import DELAYS_OF_LAST, FINAL
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.checkpoint.snapshot_size import require_size
from anabranch.checkpoint.state_file import LARGEST_INLINE, StateFiles
from anabranch.v1 import control_pb2 as control

logger = logging.getLogger(__name__)


class SnapshotReports:
    """Takes snapshots from tasks and reports them in this order, on a thread of its own.

    A store that hangs holds up the snapshots of the other tasks of the worker, too: a checkpoint needs all of them.
    """

    def __init__(
        self,
        files: StateFiles,
        timeout: float,
        send: Callable[[control.TaskCheckpoint], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Takes where to write and to report to, and starts the thread.

        Args:
            files: The job's state files.
            timeout: After so many seconds a file that is not written has failed.
            send: Reports to the master.
            on_error: Takes what should not have happened.
        """
        self._files = files
        self._timeout = timeout
        self._send = send
        self._on_error = on_error
        self._taken: queue.SimpleQueue[tuple[control.TaskDescriptor, NewSnapshot, Callable[[], bool]]]
        self._taken = queue.SimpleQueue()
        threading.Thread(target=self._run, name="snapshots", daemon=True).start()

    def take(self, task: control.TaskDescriptor, snapshot: NewSnapshot, is_wanted: Callable[[], bool]) -> None:
        """Reports a snapshot soon, unless nobody wants it any more when its turn comes."""
        self._taken.put((task, snapshot, is_wanted))

    def _run(self) -> None:
        try:
            while True:
                self._report(*self._taken.get())
        except BaseException as error:  # noqa: BLE001 - the checkpoint would wait for the task for ever
            self._on_error(error)

    def _report(self, task: control.TaskDescriptor, snapshot: NewSnapshot, is_wanted: Callable[[], bool]) -> None:
        number = snapshot.message.number
        taken = control.TaskCheckpoint(task_id=task.task_id, incarnation=task.incarnation)
        delays = iter(DELAYS_OF_LAST if number == FINAL else ())
        while is_wanted():
            try:
                self._complete(task, snapshot)
            except CheckpointError as error:
                delay = next(delays, None)
                if delay is not None:
                    logger.warning("%s: %s; it is tried again in %g s", task.name, error, delay)
                    time.sleep(delay)
                    continue
                taken.failure = f"{task.name}: {error}"
                taken.snapshot.number = number
            else:
                taken.snapshot.CopyFrom(snapshot.message)
            self._send(taken)
            faults.reach("end.checkpoint" if number == FINAL else "checkpoint.sent")
            return

    def _complete(self, task: control.TaskDescriptor, snapshot: NewSnapshot) -> None:
        """Puts the payloads where they belong.

        Raises:
            CheckpointError: They cannot be written, or the message is too large.
        """
        if snapshot.payload_bytes > LARGEST_INLINE:
            self._in_time(lambda: self._files.move_payloads(snapshot, task.task_id, task.incarnation))
        else:
            snapshot.put_payloads_into_message()
        require_size(snapshot.message, task)

    def _in_time(self, write: Callable[[], None]) -> None:
        """Makes a call that may hang, on yet another thread."""
        errors: list[BaseException] = []

        def run() -> None:
            try:
                write()
            except BaseException as error:  # noqa: BLE001 - it is raised again
                errors.append(error)

        thread = threading.Thread(target=run, name="state-file", daemon=True)
        thread.start()
        thread.join(self._timeout)
        if errors:
            raise errors[0]
        if thread.is_alive():
            limit = f"within {self._timeout:g} s (option anabranch.checkpoint.timeout-ms)"
            raise CheckpointError(f"its state could not be written {limit}")
