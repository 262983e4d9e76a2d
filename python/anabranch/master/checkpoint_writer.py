"""Writes checkpoints to the job's store on other threads, and gives up what takes too long."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.numbers import checkpoint_name
from anabranch.checkpoint.state_file import StateFiles
from anabranch.checkpoint.store import CheckpointStore, StoredCheckpoint
from anabranch.config import Options
from anabranch.derived_keys import derive_key
from anabranch.threads import in_thread
from anabranch.v1.control_pb2 import Snapshot


class CheckpointWriter:
    """The store of a job's checkpoints, as seen from the master's event loop.

    Attributes:
        writing: The number of the checkpoint that is being written, or None.
    """

    def __init__(self, options: Options, job_id: str, *, secret: bytes, warn: Callable[[str], None]) -> None:
        """Takes the place of the job's checkpoints.

        Args:
            options: Of the job.
            job_id: Of the job.
            secret: Of the job; who does not know it cannot make a checkpoint that is believed.
            warn: Takes what the user should know.

        Raises:
            CheckpointError: There is no such place.
        """
        self.writing: int | None = None
        self._timeout = options.integer("anabranch.checkpoint.timeout-ms") / 1000
        url, retained = options.text("anabranch.checkpoint.dir"), options.integer("anabranch.checkpoint.retained")
        key = derive_key(secret, "checkpoint")
        self._state_files = StateFiles(url, job_id, key)
        self._store = CheckpointStore(url, job_id, max(1, retained), key=key, warn=warn)

    async def check(self) -> None:
        """Finds out whether checkpoints can be written.

        Raises:
            CheckpointError: They cannot.
        """
        await in_thread(self._store.check_writable)

    async def latest(self) -> StoredCheckpoint | None:
        """Returns the last complete checkpoint that can be read, or None.

        Raises:
            CheckpointError: The store cannot be read.
        """

        def verify(snapshot: bytes) -> None:
            self._state_files.verify(Snapshot.FromString(snapshot))

        return await in_thread(self._store.latest, verify)

    async def write(self, number: int, parts: Mapping[int, Snapshot]) -> None:
        """Writes the parts of a checkpoint, and then that it is complete.

        Raises:
            CheckpointError: It cannot be written, or not in time.
        """
        given_up = threading.Event()
        self.writing = number

        def write() -> None:
            for task, snapshot in parts.items():
                if given_up.is_set():
                    return
                self._store.write_snapshot(number, task, snapshot.SerializeToString())
            self._state_files.require(parts.values())
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
            self.writing = None

    async def discard(self, number: int) -> None:
        """Removes what there is of a checkpoint that is not complete; what cannot be removed stays."""
        with contextlib.suppress(CheckpointError, asyncio.TimeoutError):
            await asyncio.wait_for(in_thread(self._store.discard, number), self._timeout)
