"""Checkpoints of a job: a snapshot per task, and a manifest that is written last and makes them complete.

Layout: `<url>/<job_id>/chk-<n>/task-<id>.snapshot` and `chk-<n>/MANIFEST`. All numbers are big-endian.

    file      = magic (4 bytes: ABSN snapshot, ABMF manifest), version (uint16: 2), length of the body (uint64),
                code of the body (16 bytes), body
    snapshot  : the body is the task's own; it may refer to a state file, which the task's worker has written
    manifest  : the body = checkpoint number (uint64), number of tasks (uint32), for each task: id (uint32), length
                and code of its snapshot's body; the rest is the metadata

A code is BLAKE2b-128 with the store's key, and with the magic as its personalization: who writes to the place and does
not know the key cannot make a checkpoint, nor one of a snapshot of another task or number.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import re
import struct
from collections.abc import Callable, Collection, Iterator

from anabranch.checkpoint.errors import CheckpointError, DamagedError
from anabranch.checkpoint.files import Files, reason_of, without_credentials
from anabranch.checkpoint.numbers import checkpoint_name
from anabranch.repeated import is_reported

_SNAPSHOT = b"ABSN"
_MANIFEST = b"ABMF"
_VERSION = 2
_HEADER = struct.Struct(">4sHQ16s")
_COUNTS = struct.Struct(">QI")
_ENTRY = struct.Struct(">IQ16s")

_MANIFEST_NAME = "MANIFEST"
_CHECKPOINT = re.compile(r"chk-(0|[1-9]\d*)")
_TASK = re.compile(r"task-(0|[1-9]\d*)\.snapshot")

_log = logging.getLogger(__name__)


def _nothing_else(_snapshot: bytes) -> None:
    """What there is to verify of a snapshot that refers to no other file."""


class StoredCheckpoint:
    """A complete checkpoint.

    Attributes:
        number: Its number.
        metadata: What `complete` was given.
        tasks: The tasks that have a snapshot in it.
    """

    def __init__(self, number: int, metadata: bytes, tasks: Collection[int], read: Callable[[int], bytes]) -> None:
        self.number = number
        self.metadata = metadata
        self.tasks = frozenset(tasks)
        self._read = read

    def snapshot(self, task: int) -> bytes:
        """Returns a task's snapshot, verified once more.

        Raises:
            LookupError: The checkpoint has no such task.
            CheckpointError: The snapshot cannot be read, or is no longer what it was.
        """
        if task not in self.tasks:
            raise LookupError(f"{checkpoint_name(self.number)} has no snapshot of task {task}")
        return self._read(task)


class CheckpointStore:
    """The checkpoints of one job, in a directory or an object store.

    Tasks write their snapshots from wherever they run; one master completes and reads. What is complete stays
    complete whatever is killed at any time. A number is never used again once it is complete.

    Raises:
        CheckpointError: The URL's protocol is unknown, or its package is not installed.
    """

    def __init__(
        self,
        url: str,
        job_id: str,
        retained: int = 2,
        *,
        key: bytes = b"",
        warn: Callable[[str], None] = _log.warning,
    ) -> None:
        """Takes the place of all jobs' checkpoints; touches nothing.

        Args:
            url: A directory, or a URL of any protocol that fsspec knows.
            job_id: Name of the job's own directory in it.
            retained: How many complete checkpoints are kept, 1 or more.
            key: What the checkpoints are authenticated with, at most 64 bytes; without one they are only protected
                from damage.
            warn: Told why a checkpoint was skipped, and what could not be removed.
        """
        if retained < 1:
            raise ValueError(f"at least one checkpoint must be retained, got {retained}")
        url = f"{url.rstrip('/')}/{job_id}"
        self._url = without_credentials(url)  # for messages
        self._retained = retained
        self._key = key
        self._warn = warn
        self._failed_removals = 0
        try:
            self._files = Files(url)
        except (ImportError, ValueError) as error:
            raise CheckpointError(
                f"checkpoints cannot be kept in {self._url}: {without_credentials(str(error))}. Install the package"
                " that fsspec needs for this protocol on every host, or choose a directory"
            ) from error

    def check_writable(self) -> None:
        """Writes and removes a file, so that a job that could never complete a checkpoint fails at its start.

        Raises:
            CheckpointError: The place is not writable.
        """
        with self._writing("checkpoints"):
            self._files.write("probe", [b""])
            self._files.remove("probe")

    def write_snapshot(self, number: int, task: int, data: bytes) -> None:
        """Writes a task's snapshot; it is on disk, or in the object store, when this returns.

        Raises:
            CheckpointError: The place is not writable.
        """
        with self._writing(checkpoint_name(number)):
            self._files.write(_snapshot_path(number, task), [self._header(_SNAPSHOT, data), data])

    def complete(self, number: int, metadata: bytes, tasks: Collection[int] | None = None) -> None:
        """Completes a checkpoint, then removes incomplete older ones and complete ones that are not retained.

        Args:
            number: The checkpoint, whose snapshots have all been written.
            metadata: Returned by `StoredCheckpoint.metadata`.
            tasks: The tasks that belong to it; by default all that have a snapshot there.

        Raises:
            CheckpointError: A snapshot is missing or torn, or the place is not writable. Nothing was removed. A store
                may fail and yet have taken the manifest: discard the checkpoint before giving it up.
        """
        with self._writing(checkpoint_name(number)):
            sizes = self._files.sizes(_directory(number))
            if tasks is None:
                tasks = [int(match[1]) for match in map(_TASK.fullmatch, sizes) if match]
            body = self._manifest_body(number, metadata, sorted(tasks), sizes)
            self._files.write(_manifest_path(number), [self._header(_MANIFEST, body), body])
        self._remove_old(number)

    def latest(self, verify: Callable[[bytes], None] = _nothing_else) -> StoredCheckpoint | None:
        """Returns the newest complete checkpoint of which every byte was verified, or None.

        A checkpoint with a torn, changed or missing file is skipped, with a warning that says why.

        Args:
            verify: Called with each snapshot; raises DamagedError if what it refers to is not what was written.

        Raises:
            CheckpointError: The place cannot be read, which says nothing about what is there.
        """
        with self._reading("checkpoints"):
            for number in sorted(self._numbers(), reverse=True):
                if not self._was_written(number):
                    continue
                try:
                    return self._load(number, verify)
                except DamagedError as damage:
                    self._warn(f"{checkpoint_name(number)} in {self._url} is skipped: {damage}")
        return None

    def discard(self, number: int) -> None:
        """Removes a checkpoint, complete or not, if it is there.

        Raises:
            CheckpointError: It cannot be removed.
        """
        with self._writing(checkpoint_name(number)):
            # Without its manifest it is incomplete, however far the rest gets.
            self._files.remove(_manifest_path(number))
            self._files.remove(_directory(number))

    def remove_all(self) -> None:
        """Removes every checkpoint of the job, and its directory.

        Raises:
            CheckpointError: Some cannot be removed.
        """
        advice = "Remove them by hand"
        with _reported(f"the checkpoints in {self._url} cannot be removed", advice):
            self._files.remove("")

    def _manifest_body(self, number: int, metadata: bytes, tasks: Collection[int], sizes: dict[str, int]) -> bytes:
        for task in tasks:
            if _snapshot_name(task) not in sizes:
                raise self._unfinished(number, task, "missing")
        heads = self._files.read_heads([_snapshot_path(number, task) for task in tasks], _HEADER.size)
        entries = []
        for task, head in zip(tasks, heads, strict=True):
            try:
                length, digest = _parse_header(_SNAPSHOT, head, sizes[_snapshot_name(task)])
            except DamagedError as damage:
                raise self._unfinished(number, task, str(damage)) from damage
            entries.append(_ENTRY.pack(task, length, digest))
        return b"".join([_COUNTS.pack(number, len(entries)), *entries, metadata])

    def _unfinished(self, number: int, task: int, why: str) -> CheckpointError:
        return CheckpointError(
            f"{checkpoint_name(number)} in {self._url} cannot be completed: snapshot of task {task} is {why}."
            " Does every worker write to the same place?"
        )

    def _was_written(self, number: int) -> bool:
        """Returns whether there is more of a checkpoint than the state files of tasks, which come before all else."""
        names = self._files.sizes(_directory(number))
        return any(name == _MANIFEST_NAME or _TASK.fullmatch(name) for name in names)

    def _load(self, number: int, verify: Callable[[bytes], None]) -> StoredCheckpoint:
        body = self._read(_manifest_path(number), _MANIFEST)
        try:
            written_as, n_tasks = _COUNTS.unpack_from(body)
            entries = [_ENTRY.unpack_from(body, _COUNTS.size + i * _ENTRY.size) for i in range(n_tasks)]
        except struct.error:
            raise DamagedError("its MANIFEST is malformed") from None
        if written_as != number:
            raise DamagedError(f"its MANIFEST is that of {checkpoint_name(written_as)}")
        digests = {task: digest for task, _, digest in entries}

        def read(task: int) -> bytes:
            data = self._read(_snapshot_path(number, task), _SNAPSHOT)
            if not hmac.compare_digest(self._code(_SNAPSHOT, data), digests[task]):
                raise DamagedError(f"{_snapshot_name(task)} is not the one that its MANIFEST lists")
            return data

        def read_again(task: int) -> bytes:
            try:
                with self._reading(checkpoint_name(number)):
                    return read(task)
            except DamagedError as damage:
                raise CheckpointError(
                    f"{checkpoint_name(number)} in {self._url} has been damaged since it was verified: {damage}."
                    " Was it removed by another master of this job?"
                ) from damage

        for task in digests:
            verify(read(task))
        return StoredCheckpoint(number, body[_COUNTS.size + n_tasks * _ENTRY.size :], digests, read_again)

    def _read(self, path: str, magic: bytes) -> bytes:
        name = path.rpartition("/")[2]
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            raise DamagedError(f"{name} is missing") from None
        try:
            return self._verified_body(magic, data)
        except DamagedError as damage:
            raise DamagedError(f"{name} is {damage}") from None

    def _code(self, magic: bytes, body: bytes) -> bytes:
        return hashlib.blake2b(body, digest_size=16, key=self._key, person=magic).digest()

    def _header(self, magic: bytes, body: bytes) -> bytes:
        return _HEADER.pack(magic, _VERSION, len(body), self._code(magic, body))

    def _verified_body(self, magic: bytes, data: bytes) -> bytes:
        _, code = _parse_header(magic, data[: _HEADER.size], len(data))
        body = data[_HEADER.size :]
        if not hmac.compare_digest(self._code(magic, body), code):
            raise DamagedError("corrupt: its checksum does not match. It is damaged, or was not written by this job")
        return body

    def _remove_old(self, completed: int) -> None:
        try:
            with self._reading("checkpoints"):
                numbers = sorted(self._numbers())
                complete = [one for one in numbers if _MANIFEST_NAME in self._files.sizes(_directory(one))]
            retained = complete[-self._retained :]
            for number in numbers:
                if number not in retained and (number in complete or number < completed):
                    self.discard(number)
        except CheckpointError as error:  # the checkpoint is complete all the same
            self._failed_removals += 1
            if is_reported(self._failed_removals):
                self._warn(str(error))

    def _numbers(self) -> list[int]:
        return [int(match[1]) for match in map(_CHECKPOINT.fullmatch, self._files.sizes("")) if match]

    def _writing(self, what: str) -> contextlib.AbstractContextManager[None]:
        return _reported(
            f"{what} cannot be written to {self._url}",
            "Make sure that every worker may write there and that there is room, or choose another place",
        )

    def _reading(self, what: str) -> contextlib.AbstractContextManager[None]:
        return _reported(
            f"{what} cannot be read from {self._url}", "Make sure that it can be reached and read from this host"
        )


@contextlib.contextmanager
def _reported(what: str, advice: str) -> Iterator[None]:
    try:
        yield
    except (CheckpointError, DamagedError):
        raise
    except Exception as error:  # object stores raise what their libraries please
        raise CheckpointError(f"{what}: {reason_of(error)}. {advice}") from error


def _directory(number: int) -> str:
    return f"chk-{number}"


def _manifest_path(number: int) -> str:
    return f"{_directory(number)}/{_MANIFEST_NAME}"


def _snapshot_name(task: int) -> str:
    return f"task-{task}.snapshot"


def _snapshot_path(number: int, task: int) -> str:
    return f"{_directory(number)}/{_snapshot_name(task)}"


def _parse_header(magic: bytes, head: bytes, size: int) -> tuple[int, bytes]:
    """Returns length and digest of the body of a file of `size` bytes that begins with `head`."""
    if len(head) < _HEADER.size:
        raise DamagedError(f"torn: {size} bytes are no whole header")
    found, version, length, digest = _HEADER.unpack(head)
    if found != magic:
        raise DamagedError(f"corrupt: it begins with {found!r}, not with {magic!r}")
    if version != _VERSION:
        raise DamagedError(f"of format version {version}; this program reads version {_VERSION}")
    if size != _HEADER.size + length:
        raise DamagedError(f"torn: {_HEADER.size + length} bytes were written, {size} are there")
    return length, digest
