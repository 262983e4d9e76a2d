"""State files: what workers write themselves of the snapshots of their tasks, beside those that the master writes.

Layout: `<url>/<job_id>/chk-<n>/task-<id>-<incarnation>.state`. All numbers are big-endian.

    file = magic (4 bytes: ABSF), version (uint16: 1), then the parts, one after the other
    code = the first 16 bytes of HMAC-SHA-256, with the job's key of checkpoints, of the file's name from `<job_id>/` on
           (UTF-8), a zero byte, the offset of the part (uint64) and its bytes

Where the parts are, and their codes, is in the snapshot itself (docs/design/011-state.md), which is verified before.
"""

from __future__ import annotations

import hmac
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from anabranch.checkpoint.errors import CheckpointError, DamagedError
from anabranch.checkpoint.files import Files, reason_of, without_credentials
from anabranch.checkpoint.numbers import checkpoint_name
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.v1.control_pb2 import EncodedValues, FilePart, Snapshot

LARGEST_INLINE = 64 << 10  # bytes of all payloads of a snapshot; more go into a file

_HEADER = struct.Struct(">4sH")
_MAGIC, _VERSION = b"ABSF", 1
_OFFSET = struct.Struct(">Q")
_CODE_BYTES = 16
_READ_AHEAD = 16 << 20
_NAME = re.compile(r"chk-\d+/task-\d+-\d+\.state")


class StateFiles:
    """The state files of one job, in a directory or an object store."""

    def __init__(self, url: str, job_id: str, key: bytes) -> None:
        """Takes the place of all jobs' checkpoints; touches nothing.

        Args:
            url: A directory, or a URL of any protocol that fsspec knows.
            job_id: Name of the job's own directory in it.
            key: What the files are authenticated with.
        """
        self._job_url = f"{url.rstrip('/')}/{job_id}"
        self._url = without_credentials(self._job_url)  # for messages
        self._job_id = job_id
        self._key = key

    @cached_property
    def _files(self) -> Files:
        return Files(self._job_url)

    # ------------------------------------------------------------------ written by a worker

    def move_payloads(self, snapshot: NewSnapshot, task: int, incarnation: int) -> None:
        """Writes the payloads of a snapshot into a file, and says in the snapshot where they are.

        Raises:
            CheckpointError: The file cannot be written.
        """
        message, payloads = snapshot.message, snapshot.payloads
        name = f"chk-{message.number}/task-{task}-{incarnation}.state"
        pieces, offset = [_HEADER.pack(_MAGIC, _VERSION)], _HEADER.size
        parts: list[FilePart] = []
        for _, payload in payloads:
            parts.append(FilePart(offset=offset, length=len(payload), code=self._code(name, offset, payload)))
            pieces.append(payload)
            offset += len(payload)
        try:
            self._files.write(name, pieces)
        except Exception as error:  # object stores raise what their libraries please
            raise CheckpointError(
                f"{name} cannot be written to {self._url}: {reason_of(error)}. Make sure that this host may write there"
                " and that there is room, or choose another place"
            ) from error
        for (values, _), part in zip(payloads, parts, strict=True):
            values.part.CopyFrom(part)
        message.state_file, message.state_file_length = name, offset
        snapshot.payloads = []

    # ------------------------------------------------------------------ read by a task

    def reader(self, snapshot: Snapshot) -> StateReader:
        """Returns what reads the payloads of a snapshot."""
        return StateReader(self, snapshot)

    def read(self, snapshot: Snapshot, start: int, length: int) -> bytes:
        """Returns some bytes of the state file of a snapshot, fewer at its end.

        Raises:
            DamagedError: There is no such file.
            CheckpointError: It cannot be read, which says nothing about what is there.
        """
        name = snapshot.state_file
        if not _NAME.fullmatch(name):
            raise DamagedError(f"{name!r} is not the name of a state file")
        try:
            return self._files.read_range(name, start, min(start + length, snapshot.state_file_length))
        except FileNotFoundError:
            raise DamagedError(f"{name} is missing") from None
        except Exception as error:
            raise self._unreadable(
                snapshot, reason_of(error), "Make sure that it can be reached from this host"
            ) from error

    def check_header(self, snapshot: Snapshot) -> None:
        """Refuses a state file of another format.

        Raises:
            DamagedError: It is one; and as in `read`.
        """
        head = self.read(snapshot, 0, _HEADER.size)
        if len(head) < _HEADER.size or head[:4] != _MAGIC:
            raise DamagedError(f"{snapshot.state_file} is corrupt: it begins with {head!r}")
        version = _HEADER.unpack(head)[1]
        if version != _VERSION:
            raise DamagedError(f"{snapshot.state_file} is of format version {version}; this program reads {_VERSION}")

    def check(self, name: str, part: FilePart, payload: bytes) -> None:
        """Refuses bytes that are not what was written.

        Raises:
            DamagedError: They are not.
        """
        if len(payload) < part.length:
            raise DamagedError(f"{name} is torn: it ends in the part at {part.offset}")
        if not hmac.compare_digest(self._code(name, part.offset, payload), part.code):
            raise DamagedError(
                f"{name} is corrupt: the code of the part at {part.offset} does not match. It is damaged, or was not"
                " written by this job"
            )

    def unusable(self, snapshot: Snapshot, damage: DamagedError) -> CheckpointError:
        """Returns the error for a task that has to read a file that is damaged."""
        advice = (
            "The directory has to be the same one on every host, and nothing but the job may change it. A new"
            " submission of the job begins anew"
        )
        return self._unreadable(snapshot, str(damage), advice)

    def _unreadable(self, snapshot: Snapshot, why: str, advice: str) -> CheckpointError:
        what = f"the state in {snapshot.state_file} of {checkpoint_name(snapshot.number)}"
        return CheckpointError(f"{what} cannot be read from {self._url}: {why}. {advice}")

    def _code(self, name: str, offset: int, payload: bytes) -> bytes:
        code = hmac.new(self._key, f"{self._job_id}/{name}".encode() + b"\0" + _OFFSET.pack(offset), "sha256")
        code.update(payload)
        return code.digest()[:_CODE_BYTES]

    # ------------------------------------------------------------------ looked at by the master

    def require(self, snapshots: Iterable[Snapshot]) -> None:
        """Makes sure that the state files of snapshots are there in their full length.

        Raises:
            CheckpointError: One is not.
        """
        by_directory: dict[str, dict[str, int]] = defaultdict(dict)
        for snapshot in snapshots:
            if snapshot.state_file:
                directory, _, name = snapshot.state_file.rpartition("/")
                by_directory[directory][name] = snapshot.state_file_length
        for directory, lengths in by_directory.items():
            sizes = self._files.sizes(directory)
            for name, length in lengths.items():
                if sizes.get(name) != length:
                    found = f"has {sizes[name]} bytes in place of {length}" if name in sizes else "is missing"
                    raise CheckpointError(
                        f"{directory}/{name} in {self._url} {found}. Does every worker write to the same place?"
                    )

    def verify(self, snapshot: Snapshot) -> None:
        """Reads the whole state file of a snapshot, if it has one.

        Raises:
            DamagedError: It is not what was written.
            CheckpointError: It cannot be read, which says nothing about what is there.
        """
        reader = self.reader(snapshot)
        for values in _values_of(snapshot):
            reader.verified(values)


class StateReader:
    """Reads the payloads of one snapshot, from the message or its state file, and some of the file ahead."""

    def __init__(self, files: StateFiles, snapshot: Snapshot) -> None:
        self._files = files
        self._snapshot = snapshot
        self._start, self._ahead = 0, b""
        self._has_begun = False

    def __call__(self, values: EncodedValues) -> bytes:
        """Returns the payload of values.

        Raises:
            CheckpointError: It cannot be read, or is not what was written.
        """
        try:
            return self.verified(values)
        except DamagedError as damage:
            raise self._files.unusable(self._snapshot, damage) from damage

    def verified(self, values: EncodedValues) -> bytes:
        """Returns the payload of values.

        Raises:
            DamagedError: It is not what was written.
            CheckpointError: It cannot be read, which says nothing about what is there.
        """
        if not values.HasField("part"):
            return values.payload
        if not self._has_begun:
            self._files.check_header(self._snapshot)
            self._has_begun = True
        part = values.part
        at = part.offset - self._start
        if at < 0 or at + part.length > len(self._ahead):
            self._start, at = part.offset, 0
            self._ahead = self._files.read(self._snapshot, part.offset, max(part.length, _READ_AHEAD))
        payload = self._ahead[at : at + part.length]
        self._files.check(self._snapshot.state_file, part, payload)
        return payload


def _values_of(snapshot: Snapshot) -> Iterator[EncodedValues]:
    for state in snapshot.operators:
        yield state.engine
        yield state.function
        for keyed in state.keyed:
            for group in keyed.groups:
                yield group.entries
    yield from snapshot.function_of_edge.values()
