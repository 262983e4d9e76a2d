"""Base classes of user functions. Plain callables are accepted too; a class is for what needs `open` and `close`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from anabranch.api.runtime_context import RuntimeContext

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
U_contra = TypeVar("U_contra", contravariant=True)
R = TypeVar("R")
A = TypeVar("A")
K = TypeVar("K")


class EndOfData(Exception):  # noqa: N818 - a signal like StopIteration, not an error
    """Raised by `SourceFunction.fetch` to say that there is no more data. What it has collected before still counts."""


class Function(ABC):  # noqa: B024 - the subclasses declare what is abstract
    """Base of all functions.

    A function object is serialized when the job is built and loaded once per subtask. Its methods are called by one
    thread: `open` once, then the method of its kind for each record, then `close` once.
    """

    def open(self, ctx: RuntimeContext) -> None:  # noqa: B027 - nothing to do unless overridden
        """Called before the first record. Load models and connect to services here."""

    def save_checkpoint(self) -> Any:
        """Returns what the function wants back after a failure: any value that a record may be; None: nothing.

        Called between two batches, at a checkpoint. What is returned must not change afterwards.
        """
        return None

    def load_checkpoint(self, saved: Any) -> None:  # noqa: B027 - nothing to do unless overridden
        """Takes back what `save_checkpoint` has returned, after `open` and before the first record.

        Not called if nothing was saved.
        """

    def close(self) -> None:  # noqa: B027 - nothing to do unless overridden
        """Called after the last record, also when the job fails or is cancelled, if `open` was called.

        What is collected here at the end of the input is emitted; what is collected when the job fails is dropped.
        """


class Collector(Protocol[T_contra]):
    """Takes what a function emits, as it is at the call. To be used only by the thread that calls the function.

    A function that is given a collector may be a generator instead, or as well: what it yields is collected.
    """

    def collect(self, value: T_contra) -> None:
        """Emits one record; may wait until the consumers can take more."""

    def collect_many(self, values: Iterable[T_contra]) -> None:
        """Emits any number of records, in order; faster than one by one."""


class SourceContext(Collector[T_contra], Protocol[T_contra]):
    """Where a source emits its records."""

    @property
    def wanted(self) -> int:
        """How many records the job would like from this call of `fetch`, at least 1.

        It follows the time that the records take where they go. A source need not ask; but between two calls only the
        job can take a checkpoint, so one that always emits many delays it where its records take long.
        """


class SourceFunction(Function, Generic[T]):
    """Produces the records of a stream."""

    @abstractmethod
    def init(self, parallelism: int, index: int) -> None:
        """Tells which part of the input is this subtask's own; called once before `open`.

        Args:
            parallelism: Number of subtasks that share the input.
            index: Index of this one, from 0. The subtasks together must emit each record once.
        """

    @abstractmethod
    def fetch(self, ctx: SourceContext[T]) -> Iterator[T] | None:
        """Emits some records and returns; called again and again.

        Records go downstream at the latest when `fetch` returns, so emit as many as are at hand, and return rather
        than wait long while some are not handed over. If there are none right now, return without emitting:
        the pause until the next call grows to 10 ms, and after a second without a record to a hundredth of the time
        since the last one, at most 100 ms. This adds up to that much latency to the next record. A function
        that can wait for records, for a second at most or so, waits here instead and is called again at once.

        A `fetch` that yields its records, a generator, may wait between two of them, or have no end. Checkpoints are
        taken only between two calls.

        Raises:
            EndOfData: There will be no more.
        """


class MapFunction(Function, Generic[T_contra, R]):
    """One record out for each record in."""

    @abstractmethod
    def map(self, value: T_contra) -> R:
        """Returns the record to emit."""


class FlatMapFunction(Function, Generic[T_contra, R]):
    """Any number of records out for each record in."""

    @abstractmethod
    def flat_map(self, value: T_contra, collector: Collector[R]) -> Iterator[R] | None:
        """Emits records through the collector, or yields them."""


class FilterFunction(Function, Generic[T_contra]):
    """Chooses records."""

    @abstractmethod
    def filter(self, value: T_contra) -> bool:
        """Returns whether to keep the record."""


class KeyFunction(Function, Generic[T_contra, K]):
    """Computes the key of a record."""

    @abstractmethod
    def key_by(self, value: T_contra) -> K:
        """Returns the key: any value that can cross between the languages. Must depend on the record alone."""


class ReduceFunction(Function, Generic[T]):
    """Combines the records of one key."""

    @abstractmethod
    def reduce(self, old_value: T, new_value: T) -> T:
        """Returns the new value of the key, from its value so far and a record; may change and return either.

        The value is emitted as it is then, whatever becomes of it later.
        """


class AggregateFunction(Function, Generic[T_contra, A, R]):
    """Combines the records of one key in an accumulator of another type."""

    @abstractmethod
    def create_accumulator(self) -> A:
        """Returns the accumulator of a key that has no records yet."""

    @abstractmethod
    def add(self, value: T_contra, accumulator: A) -> A:
        """Returns the accumulator with a record added; may change and return the one it was given."""

    @abstractmethod
    def get_result(self, accumulator: A) -> R:
        """Returns the record to emit, as it is then; may return the accumulator itself."""

    @abstractmethod
    def merge(self, a: A, b: A) -> A:
        """Returns the accumulator of the records of both."""


class ProcessContext(Protocol):
    """What a process function may use while it handles one record."""

    @property
    def key(self) -> Any:
        """Key of the record.

        Raises:
            TypeError: The stream has no key.
        """

    def get_state(self, default: Any = None) -> Any:
        """Returns what was last kept for this key.

        Raises:
            TypeError: The stream has no key.
        """

    def set_state(self, value: Any) -> None:
        """Keeps a value for this key.

        Raises:
            TypeError: The stream has no key.
        """

    def clear_state(self) -> None:
        """Forgets what was kept for this key.

        Raises:
            TypeError: The stream has no key.
        """


class ProcessFunction(Function, Generic[T_contra, R]):
    """Any number of records out for each record in, with a state per key on a keyed stream."""

    @abstractmethod
    def process(self, value: T_contra, ctx: ProcessContext, collector: Collector[R]) -> Iterator[R] | None:
        """Handles one record; emits through the collector, or yields."""


class CoProcessFunction(Function, Generic[T_contra, U_contra, R]):
    """Handles the records of two streams of different types."""

    @abstractmethod
    def process1(self, value: T_contra, collector: Collector[R]) -> Iterator[R] | None:
        """Handles one record of the first stream; emits through the collector, or yields."""

    @abstractmethod
    def process2(self, value: U_contra, collector: Collector[R]) -> Iterator[R] | None:
        """Handles one record of the second stream; emits through the collector, or yields."""


class JoinFunction(Function, Generic[T_contra, U_contra, R]):
    """Merges two records that have the same key into one."""

    @abstractmethod
    def join(self, left: T_contra | None, right: U_contra | None) -> R:
        """Returns the record to emit. In an outer join the side that has no match is None.

        The records are copies if they can be changed: each may meet others later.
        """


class SinkFunction(Function, Generic[T_contra]):
    """Consumes records."""

    @abstractmethod
    def sink(self, value: T_contra) -> None:
        """Takes one record."""


class IdempotentSinkFunction(Function, Generic[T_contra]):
    """Consumes records, each with an identity, so that what is written twice has its effect once.

    After a failure a record may be handed over again, with the identity that it had. Write it *by* the identity
    (insert or replace): should the sink fail together with a task upstream of it, or the whole job roll back to a
    checkpoint, the records since then may come in another order, each in the place of another. The sink runs in a task
    of its own.
    """

    @abstractmethod
    def sink(self, record_id: str, value: T_contra) -> None:
        """Takes one record.

        Args:
            record_id: Job id, channel, and position on the channel: how many records came there before.
            value: The record.
        """


class TransactionalSinkFunction(SinkFunction[T_contra]):
    """Consumes records in transactions, so that each has its effect exactly once, whatever fails.

    A transaction holds the records between two checkpoints. `begin_transaction` opens one; at a checkpoint `pre_commit`
    closes it and makes it durable, invisible still; once the checkpoint is complete `commit` makes it visible. After a
    failure every handle of the restored checkpoint is committed (again, maybe), and a new transaction begins; what was
    written in one that was never closed must never become visible. Without checkpoints there is one transaction, which
    is committed at the end.
    """

    @abstractmethod
    def begin_transaction(self) -> None:
        """Opens a transaction, for the records to come."""

    @abstractmethod
    def pre_commit(self, checkpoint: int) -> Any:
        """Closes the transaction, durably.

        Returns a handle for `commit`, any value that a record may be; None if there is nothing to commit.

        Args:
            checkpoint: Number of the checkpoint that the transaction belongs to; 2**63 - 1 at the end.
        """

    @abstractmethod
    def commit(self, handle: Any) -> None:
        """Makes a closed transaction visible. Harmless if that was done before, also by another process."""


class PartitionFunction(Function, Generic[T_contra]):
    """Chooses the subtasks that a record goes to."""

    @abstractmethod
    def partition(self, record: T_contra, n: int) -> int | Iterable[int]:
        """Returns an index, or any iterable of several, each at least 0 and below `n`; of none, to drop the record."""
