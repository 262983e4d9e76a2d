"""What every operator is: a step of a chain that takes batches and returns batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from anabranch.records.batch import Batch
from anabranch.state.keyed import KeyedState

# Takes what is emitted.
Emit: TypeAlias = Callable[[Batch], None]

# What a step has made of a batch; None if that is nothing.
Results: TypeAlias = "Batch | None"

# Takes a batch, returns what it has made of it.
Step: TypeAlias = Callable[[Batch], Results]

# An operator that makes more records than it takes emits them in pieces of about this many.
EMIT_SIZE = 1024


class OperatorError(Exception):
    """A user function failed. The failure itself is the `__cause__`.

    Operators turn any exception of user code into this one, `SystemExit` too: `sys.exit()` in a function must not look
    like an orderly end.

    Attributes:
        operator: Name of the operator.
        position: Records that the operator had taken before the failing one, or -1 outside of a record.
        record: The failing record, or None outside of a record.
        hint: What else helps to find the cause, or empty.
    """

    def __init__(self, operator: str, position: int, record: Any, hint: str = "") -> None:
        super().__init__(f"operator {operator} failed at record {position}")
        self.operator = operator
        self.position = position
        self.record = record
        self.hint = hint


class Operator(ABC):
    """One operator at one parallel index.

    The task calls `open` once, then `process` for each batch, `finish` if the input comes to its end, then `close`
    exactly once if `open` was called, all on its own thread. `process` returns its results. What would be too much
    for one batch it hands piece by piece to `emit`, which may block on back-pressure, and returns the last piece.
    What a function collects in `close` is emitted if the input has come to its end, and dropped otherwise.

    Keys are for the next operator alone: only a KEY_BY returns any. Timestamps are carried on: a record that is made
    from one record (`Batch.with_values`, `BatchBuilder`), or is that record (`Batch.filter`), has its time.
    """

    def __init__(self, operator_id: int, name: str) -> None:
        self.operator_id = operator_id
        self.name = name
        self.uid = name  # what snapshots call it, unless the user gave it another
        self.records_in = 0
        self.records_out = 0
        self._emit_next: Emit = discard
        # Takes the failure at a record that came earlier than the batch at hand; returns if the record is left out.
        self.leave_out: Callable[[OperatorError], None] = _raise

    def connect(self, emit: Emit) -> None:
        """Sets where pieces go. Without it they are dropped."""
        self._emit_next = emit

    def open(self) -> None:  # noqa: B027 - most operators have nothing to open
        """Called once before the first batch."""

    @abstractmethod
    def process(self, batch: Batch) -> Results:
        """Handles one batch.

        Args:
            batch: The records, with their keys if the operator's input is keyed.

        Returns:
            The results that were not emitted.

        Raises:
            OperatorError: The user's function failed.
        """

    def process_input(self, index: int, batch: Batch) -> Results:
        """Handles one batch of input `index`; operators with one input need only `process`."""
        assert index == 0, f"operator {self.name} has one input"  # noqa: S101 - a mistake of ours
        return self.process(batch)

    def pass_over(self) -> None:
        """Counts a record that was left out before this operator could take it."""
        self.records_in += 1

    @property
    def keyed_states(self) -> Sequence[KeyedState[Any]]:
        """What the engine keeps by key for this operator, from `open` on."""
        return ()

    def keyed_states_loaded(self) -> None:  # noqa: B027 - most have nothing to add
        """Called once `keyed_states` have the entries of another run, before the first batch."""

    def save(self, checkpoint: int) -> list[Any] | None:  # noqa: ARG002 - of use to sinks
        """Returns what else the engine keeps for this operator, as values that can be encoded; None: nothing.

        Called before `save_function`: the transaction of a sink ends before its function is asked.
        """
        return None

    def load(self, saved: list[Any]) -> None:  # noqa: B027 - most have nothing to take
        """Takes back what another run's `save` has returned; called after `load_function`, before the first batch."""

    def save_function(self) -> list[Any]:
        """Returns what the user's function keeps: no value or one."""
        return []

    def load_function(self, saved: list[Any]) -> None:  # noqa: B027 - most have nothing to take
        """Gives the user's function back what `save_function` has returned; called after `open`."""

    def start(self) -> None:  # noqa: B027 - a matter of sinks
        """Called once before the first record, after everything was restored; not called if no record can come."""

    def commit(self, checkpoint: int) -> None:  # noqa: B027 - a matter of sinks
        """Makes visible for good what belongs to this checkpoint and those before it."""

    @property
    def needs_commit(self) -> bool:
        """True for a sink that is of use until its last `commit`."""
        return False

    def commit_at_end(self) -> None:  # noqa: B027 - a matter of sinks
        """In a job without checkpoints: makes visible for good what was held back."""

    def finish(self) -> None:  # noqa: B027 - most operators hold nothing back
        """Called once when the input has ended, before `close`; emits what the operator still holds."""

    def close(self) -> None:  # noqa: B027 - most operators have nothing to close
        """Called once after the last batch, also when the job fails or is cancelled."""

    def results(self, batch: Batch) -> Results:
        """Counts results and returns them in the form that `process` does."""
        n = len(batch.values)
        if not n:
            return None
        self.records_out += n
        return batch

    def emit(self, batch: Batch) -> None:
        """Counts a piece of the results and hands it on."""
        n = len(batch.values)
        if n:
            self.records_out += n
            self._emit_next(batch)

    def error(self) -> OperatorError:
        """Returns the error for a failure outside of records; the failure is its cause."""
        return OperatorError(self.name, -1, None)

    def failure(self, values: Sequence[Any], position_in_batch: int) -> OperatorError:
        """Returns the error for a record of the batch at hand; `records_in` must not yet count the batch."""
        return OperatorError(self.name, self.records_in + position_in_batch, values[position_in_batch])


def position_of(values: Sequence[Any], iterator: Any) -> int:
    """Returns the index of the record that a list iterator gave last.

    An iterator tells for free how many records are left, so no operator has to count while all goes well.
    """
    left: int = iterator.__length_hint__()
    return max(0, len(values) - left - 1)


def _raise(error: OperatorError) -> None:
    """What an operator does about a failure at an earlier record, unless records are left out."""
    raise error


def discard(_batch: Batch) -> None:
    """Where operators emit to whose results nobody takes."""
