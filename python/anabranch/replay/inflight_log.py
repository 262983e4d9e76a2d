"""The frames sent on a channel since the oldest retained epoch: in memory up to a budget, then on disk."""

from __future__ import annotations

import os
import struct
import tempfile
from array import array
from collections import deque
from collections.abc import Iterator
from typing import IO

from anabranch.v1.record_pb2 import FrameHeader

_HEADER_LENGTH = struct.Struct(">I")
_SPILL_BYTES = 1 << 20  # written at once: few system calls even if frames are tiny


class SpillBudget:
    """Memory that the in-flight logs of a task share.

    Above the limit, the oldest frames of the log with most bytes in memory go to disk, a MiB at a time.
    A directory that the user names is made when it is first needed. The files have no name (only the user could
    open them anyway): nobody can take their place, and whatever becomes of the process, the system frees them with it.
    """

    def __init__(self, limit_bytes: int, directory: str) -> None:
        self.held_bytes = 0
        self._limit_bytes = limit_bytes
        self._directory = directory
        self._logs: list[InFlightLog] = []

    def join(self, log: InFlightLog) -> None:
        """Counts a log in, for as long as it does not leave."""
        self._logs.append(log)

    def leave(self, log: InFlightLog) -> None:
        """Counts a log out; it holds nothing any more."""
        if log in self._logs:
            self._logs.remove(log)

    def take(self, n_bytes: int) -> None:
        """Counts bytes that a log now holds in memory, and makes logs spill until the limit is kept.

        Raises:
            OSError: The disk does not take what must be spilled.
        """
        self.held_bytes += n_bytes
        while self.held_bytes > self._limit_bytes:
            max(self._logs, key=lambda log: log.held_bytes).spill()

    def give_back(self, n_bytes: int) -> None:
        """Counts bytes that a log no longer holds in memory."""
        self.held_bytes -= n_bytes

    def new_file(self) -> IO[bytes]:
        """Opens an empty file that has no name, so that nobody else finds it, and goes away when it is closed."""
        if self._directory:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)  # noqa: PTH103 - Path has no mode for parents
        return tempfile.TemporaryFile(dir=self._directory or None, buffering=0)

    def error(self, error: OSError) -> OSError:
        """Returns the error with the directory and the option that names it."""
        place = self._directory or "the temporary directory"
        return OSError(
            error.errno,
            f"frames kept for recovery cannot be spilled to {place}: {error.strerror or error};"
            " make room there, or name another directory with the option anabranch.inflight.spill-dir",
        )


class _Segment:
    """The frames of one epoch: the oldest in the file, each with its header's length in front, the others in memory."""

    def __init__(self, epoch: int, first_seq: int) -> None:
        self.epoch = epoch
        self.first_seq = first_seq
        self.frames: list[tuple[bytes, bytes]] = []
        self.held_bytes = 0
        self.file: IO[bytes] | None = None
        self.offsets = array("Q", [0])  # where each frame in the file begins, and where the last one ends

    @property
    def spilled_frames(self) -> int:
        return len(self.offsets) - 1

    @property
    def spilled_bytes(self) -> int:
        return self.offsets[-1]

    @property
    def next_seq(self) -> int:
        return self.first_seq + self.spilled_frames + len(self.frames)

    def read(self, seq: int) -> tuple[bytes, bytes]:
        index = seq - self.first_seq
        if index >= self.spilled_frames:
            return self.frames[index - self.spilled_frames]
        assert self.file is not None  # noqa: S101 - frames were spilled to it
        start, end = self.offsets[index], self.offsets[index + 1]
        data = os.pread(self.file.fileno(), end - start, start)
        if len(data) != end - start:
            raise OSError(f"frame {seq} was spilled as {end - start} bytes, of which {len(data)} can be read")
        (length,) = _HEADER_LENGTH.unpack_from(data)
        payload_start = _HEADER_LENGTH.size + length
        return data[_HEADER_LENGTH.size : payload_start], data[payload_start:]

    def spill(self, file: IO[bytes]) -> int:
        """Writes the oldest frames in memory to the file; returns their bytes that were in memory."""
        parts: list[bytes] = []
        ends = array("Q")
        end = start = self.spilled_bytes
        for header, payload in self.frames:
            parts += (_HEADER_LENGTH.pack(len(header)), header, payload)
            end += _HEADER_LENGTH.size + len(header) + len(payload)
            ends.append(end)
            if end - start >= _SPILL_BYTES:
                break
        # What a failing write leaves behind is overwritten by the next one: only now do the frames change place.
        _write_all(file.fileno(), b"".join(parts), start)
        self.offsets.extend(ends)
        del self.frames[: len(ends)]
        n_bytes = end - start - len(ends) * _HEADER_LENGTH.size
        self.held_bytes -= n_bytes
        return n_bytes


class InFlightLog:
    """Frames of one channel in seq order, without gaps, for consumers that must read them again.

    Whoever appends pays for the spilling: the budget's system calls happen in `append`.
    """

    def __init__(self, budget: SpillBudget, first_seq: int = 0) -> None:
        self.next_seq = first_seq
        self.held_bytes = 0
        self._budget = budget
        self._segments: deque[_Segment] = deque()
        budget.join(self)

    @property
    def first_seq(self) -> int:
        """The oldest frame held; `next_seq` if there is none."""
        return self._segments[0].first_seq if self._segments else self.next_seq

    @property
    def spilled_bytes(self) -> int:
        """Bytes on disk."""
        return sum(segment.spilled_bytes for segment in self._segments)

    def append(self, header: FrameHeader, payload: bytes) -> bytes:
        """Adds the next frame. Determinants in the header are left out: a replay sends its own.

        Returns:
            The encoded header, without determinants.

        Raises:
            ValueError: The frame is not number `next_seq`, or its epoch lies before that of the last frame.
            OSError: The budget is used up and the disk takes no more. The log has the frame even so.
        """
        if header.seq != self.next_seq:
            raise ValueError(f"frame {header.seq} cannot follow: the log continues with {self.next_seq}")
        if not self._segments or header.epoch != self._segments[-1].epoch:
            self._begin_segment(header.epoch)
        if header.deltas:
            bare = FrameHeader()
            bare.CopyFrom(header)
            bare.ClearField("deltas")
            header = bare
        encoded = header.SerializeToString()
        n_bytes = len(encoded) + len(payload)
        segment = self._segments[-1]
        segment.frames.append((encoded, payload))
        segment.held_bytes += n_bytes
        self.held_bytes += n_bytes
        self.next_seq += 1
        self._budget.take(n_bytes)
        return encoded

    def frames_from(self, seq: int) -> Iterator[tuple[FrameHeader, bytes]]:
        """Returns the frames from `seq` on, up to the newest at the time of the last step.

        Frames may be appended and dropped between the steps.

        Raises:
            LookupError: `seq` was dropped or lies beyond `next_seq`; in a step: the next frame was dropped meanwhile.
            OSError: In a step: a spilled frame cannot be read.
        """
        self._check_held(seq)
        return self._iterate(seq)

    def drop_before(self, epoch: int) -> None:
        """Forgets the frames of all epochs before this one."""
        while self._segments and self._segments[0].epoch < epoch:
            segment = self._segments.popleft()
            self.held_bytes -= segment.held_bytes
            self._budget.give_back(segment.held_bytes)
            if segment.file is not None:
                segment.file.close()

    def close(self) -> None:
        """Forgets all frames, removes their files and leaves the budget. May be called again."""
        if self._segments:
            self.drop_before(self._segments[-1].epoch + 1)
        self._budget.leave(self)

    def spill(self) -> None:
        """Writes the oldest frames in memory to disk, about a MiB; the budget asks for it.

        Raises:
            OSError: The disk does not take them; they stay in memory.
        """
        segment = next(segment for segment in self._segments if segment.frames)
        try:
            if segment.file is None:
                segment.file = self._budget.new_file()
            n_bytes = segment.spill(segment.file)
        except OSError as error:
            raise self._budget.error(error) from error
        self.held_bytes -= n_bytes
        self._budget.give_back(n_bytes)

    def _begin_segment(self, epoch: int) -> None:
        if self._segments and epoch < self._segments[-1].epoch:
            raise ValueError(f"a frame of epoch {epoch} cannot follow one of epoch {self._segments[-1].epoch}")
        self._segments.append(_Segment(epoch, self.next_seq))

    def _iterate(self, seq: int) -> Iterator[tuple[FrameHeader, bytes]]:
        while seq < self.next_seq:
            self._check_held(seq)
            # Looked up anew in every step: the frame may have gone to disk since the last one.
            segment = next(segment for segment in self._segments if seq < segment.next_seq)
            header, payload = segment.read(seq)
            yield FrameHeader.FromString(header), payload
            seq += 1

    def _check_held(self, seq: int) -> None:
        if not self.first_seq <= seq <= self.next_seq:
            raise LookupError(
                f"frame {seq} is not held: the first one is {self.first_seq}, the next one will be {self.next_seq}"
            )


def _write_all(fd: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        n = os.pwrite(fd, rest, offset)
        rest = rest[n:]
        offset += n
