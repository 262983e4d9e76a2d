"""What user code in a job with recovery is answered: the time, values from outside, random numbers."""

from __future__ import annotations

import hashlib
import pickle
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, Protocol

from anabranch.api.runtime_context import Answers, LiveAnswers
from anabranch.errors import RecordError
from anabranch.records import decode_value, encode_value
from anabranch.v1.record_pb2 import Determinant


class TaskAnswers(Answers, Protocol):
    """What the functions of a task are answered, and what the task tells whoever answers."""

    def begin(self) -> None:
        """A batch, a fetch, or whatever else has a time of its own, begins."""

    def begin_epoch(self, epoch: int) -> None:
        """The task has passed a barrier."""

    def quietly(self) -> AbstractContextManager[None]:
        """Returns a context in which questions have no place in the order of what the task repeats."""


class EpochRandoms:
    """The random generators of a task's operators, which give the same numbers in every run of an epoch."""

    def __init__(self, job_id: str, subtask: int, epoch: int) -> None:
        self._job_id = job_id
        self._subtask = subtask
        self._epoch = epoch
        self._made: dict[int, random.Random] = {}

    def of(self, operator_id: int) -> random.Random:
        """Returns the generator of an operator, always the same object."""
        made = self._made.get(operator_id)
        if made is None:
            made = self._made[operator_id] = random.Random()  # noqa: S311 - to be repeated, not secret
            self._seed(operator_id)
        return made

    def begin_epoch(self, epoch: int) -> None:
        """Seeds all generators for an epoch."""
        self._epoch = epoch
        for operator_id in self._made:
            self._seed(operator_id)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is drawn in this context changes nothing of what comes after it."""
        states = {operator_id: made.getstate() for operator_id, made in self._made.items()}
        try:
            yield
        finally:
            for operator_id, made in self._made.items():
                if operator_id in states:
                    made.setstate(states[operator_id])
                else:
                    self._seed(operator_id)

    def _seed(self, operator_id: int) -> None:
        text = f"{self._job_id}/{operator_id}/{self._subtask}/{self._epoch}"
        self._made[operator_id].seed(hashlib.sha256(text.encode()).digest()[:8])


class UnloggedAnswers(LiveAnswers):
    """Answers of a task that never repeats what it did: only random numbers begin anew with the epoch."""

    def __init__(self, randoms: EpochRandoms) -> None:
        super().__init__()
        self._randoms = randoms

    def random(self, operator_id: int) -> random.Random:
        """Returns the generator of an operator."""
        return self._randoms.of(operator_id)

    def begin(self) -> None:
        """There is no time to be kept for a batch."""

    def begin_epoch(self, epoch: int) -> None:  # noqa: D102
        self._randoms.begin_epoch(epoch)

    def quietly(self) -> AbstractContextManager[None]:
        """Nothing is repeated."""
        return nullcontext()


class LoggedAnswers:
    """Answers that are logged, and in a replay taken from the log.

    Random numbers need no log, see `EpochRandoms`.
    """

    def __init__(
        self,
        randoms: EpochRandoms,
        replayed: Callable[[Literal["time", "value"]], Determinant | None],
        append: Callable[[Determinant], None],
        max_bytes: int,
    ) -> None:
        """Makes the answers of a task.

        Args:
            randoms: The random generators.
            replayed: Takes the next entry of the log, which is of this kind; returns None once the task is live.
            append: Logs a new entry.
            max_bytes: Bytes of an encoded answer, at most: it must fit into a frame.
        """
        self._randoms = randoms
        self._replayed = replayed
        self._append = append
        self._max_bytes = max_bytes
        self._clock: int | None = None
        self._is_quiet = False

    def begin(self) -> None:  # noqa: D102
        self._clock = None

    def begin_epoch(self, epoch: int) -> None:  # noqa: D102
        self._clock = None
        self._randoms.begin_epoch(epoch)

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Within it everything is answered anew, and nothing logged."""
        before, self._is_quiet = self._is_quiet, True
        try:
            with self._randoms.aside():
                yield
        finally:
            self._is_quiet = before

    def now(self) -> int:
        """Returns milliseconds since 1970, the same during one batch, and the same in a replay."""
        if self._is_quiet:
            return int(time.time() * 1000)
        if self._clock is None:
            replayed = self._replayed("time")
            if replayed is not None:
                self._clock = replayed.time.ms
            else:
                self._clock = int(time.time() * 1000)
                self._append(Determinant(time=Determinant.Time(ms=self._clock)))
        return self._clock

    def remembered(self, function: Callable[[], Any]) -> Any:
        """Returns what the function returns, and in a replay what it returned then."""
        if self._is_quiet:
            return function()
        replayed = self._replayed("value")
        if replayed is not None:
            if replayed.value.raised:
                raise pickle.loads(replayed.value.raised)
            return decode_value(replayed.value.encoded)
        try:
            with self.quietly():  # what the function itself asks is not asked again
                value = function()
            encoded = encode_value(value)
            self._check_size(encoded)
        except Exception as error:
            # A function that goes on after it, or an operator that skips the record, has to do so again.
            self._append(Determinant(value=Determinant.Value(raised=_pickled(error))))
            raise
        self._append(Determinant(value=Determinant.Value(encoded=encoded)))
        return value

    def _check_size(self, encoded: bytes) -> None:
        if len(encoded) > self._max_bytes:
            raise RecordError(
                f"the answer of ctx.nondeterministic takes {len(encoded)} bytes, at most {self._max_bytes} can be"
                " remembered (option anabranch.exchange.max-frame-bytes)"
            )

    def random(self, operator_id: int) -> random.Random:  # noqa: D102
        return self._randoms.of(operator_id)


def _pickled(error: Exception) -> bytes:
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # noqa: BLE001 - whatever an exception does when it is copied
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return pickled
