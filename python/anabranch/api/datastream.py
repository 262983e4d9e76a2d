"""Streams whose following operators are written in Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from anabranch.api.collected import CollectedStream
from anabranch.api.descriptors import python_function, saves_state
from anabranch.api.functions import (
    AggregateFunction,
    Collector,
    CoProcessFunction,
    FilterFunction,
    FlatMapFunction,
    Function,
    IdempotentSinkFunction,
    JoinFunction,
    KeyFunction,
    MapFunction,
    PartitionFunction,
    ProcessContext,
    ProcessFunction,
    ReduceFunction,
    SinkFunction,
    SourceFunction,
)
from anabranch.api.stream import Stream, T_co, V
from anabranch.errors import JobGraphError
from anabranch.text import shown
from anabranch.v1 import graph_pb2 as pb

if TYPE_CHECKING:
    from anabranch.api.context import StreamingContext
    from anabranch.api.javastream import JavaDataStream, JavaKeyDataStream

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")
K = TypeVar("K")
K_co = TypeVar("K_co", covariant=True)
U_co = TypeVar("U_co", covariant=True)
L_co = TypeVar("L_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)


class DataStream(Stream[T_co]):
    """A stream for Python operators.

    Every transformation serializes its function at once and raises `JobGraphError` in the caller's line if it does
    not fit. Records of one subtask keep their order as far as the next exchange.
    """

    def map(self, func: MapFunction[T_co, R] | type[MapFunction[T_co, R]] | Callable[[T_co], R]) -> DataStream[R]:
        """Emits `func(record)` for each record."""
        return self._python(pb.OPERATOR_KIND_MAP, func, MapFunction, DataStream)

    @overload
    def flat_map(
        self, func: FlatMapFunction[T_co, R] | type[FlatMapFunction[T_co, R]] | Callable[[T_co], Iterable[R]]
    ) -> DataStream[R]: ...
    @overload
    def flat_map(self, func: Callable[[T_co, Collector[R]], object]) -> DataStream[R]: ...
    @overload
    def flat_map(self, func: Callable[[T_co, Collector[Any]], object]) -> DataStream[Any]: ...
    def flat_map(self, func: Any) -> DataStream[Any]:
        """Emits every element of `func(record)`, or everything that `func(record, collector)` collects."""
        return self._python(pb.OPERATOR_KIND_FLAT_MAP, func, FlatMapFunction, DataStream)

    def filter(
        self, func: FilterFunction[T_co] | type[FilterFunction[T_co]] | Callable[[T_co], object]
    ) -> DataStream[T_co]:
        """Emits the records for which `func(record)` is true."""
        return self._python(pb.OPERATOR_KIND_FILTER, func, FilterFunction, DataStream)

    def key_by(
        self, func: KeyFunction[T_co, K] | type[KeyFunction[T_co, K]] | Callable[[T_co], K]
    ) -> KeyDataStream[K, T_co]:
        """Groups the stream by `func(record)`: records of equal keys go to one subtask.

        `1`, `1.0` and `True` are different keys.
        """
        return self._python(pb.OPERATOR_KIND_KEY_BY, func, KeyFunction, KeyDataStream)

    def union(self, *streams: Stream[U]) -> UnionStream[T_co | U]:
        """Merges this stream with others. Nothing is promised about the order between them.

        Raises:
            JobGraphError: No other stream is given, or it is of another job.
        """
        if not streams:
            raise JobGraphError("union() needs at least one other stream")
        return self._then(pb.OPERATOR_KIND_UNION, pb.LANGUAGE_PYTHON, UnionStream, None, *streams)

    def sink(
        self,
        func: SinkFunction[T_co]
        | IdempotentSinkFunction[T_co]
        | type[SinkFunction[T_co] | IdempotentSinkFunction[T_co]]
        | Callable[[T_co], object],
    ) -> StreamSink[T_co]:
        """Hands every record to `func`. Printed lines appear on the driver's console."""
        if issubclass(func if inspect.isclass(func) else type(func), IdempotentSinkFunction):
            # What identifies a record is its place in the input of a task.
            return self._python(pb.OPERATOR_KIND_SINK, func, IdempotentSinkFunction, StreamSink).disable_chain()
        return self._python(pb.OPERATOR_KIND_SINK, func, SinkFunction, StreamSink)

    @overload
    def process(
        self,
        func: ProcessFunction[T_co, R]
        | type[ProcessFunction[T_co, R]]
        | Callable[[T_co, ProcessContext, Collector[R]], object],
    ) -> DataStream[R]: ...
    @overload
    def process(self, func: Callable[[T_co, ProcessContext, Collector[Any]], object]) -> DataStream[Any]: ...
    def process(self, func: Any) -> DataStream[Any]:
        """Emits what `func(record, context, collector)` collects; on a keyed stream the context has a state per key."""
        return self._python(pb.OPERATOR_KIND_PROCESS, func, ProcessFunction, DataStream)

    def connect(self, other: Stream[U]) -> ConnectedStreams[T_co, U]:
        """Puts two streams of different types before one function, given by `process` on the result."""
        return ConnectedStreams(self, other)

    @overload
    def join(
        self, other: Stream[U], *, retention: timedelta, how: Literal["inner"] = "inner"
    ) -> JoinStream[T_co, U, T_co, U]: ...
    @overload
    def join(
        self, other: Stream[U], *, retention: timedelta, how: Literal["left"]
    ) -> JoinStream[T_co, U, T_co, U | None]: ...
    @overload
    def join(
        self, other: Stream[U], *, retention: timedelta, how: Literal["right"]
    ) -> JoinStream[T_co, U, T_co | None, U]: ...
    @overload
    def join(
        self, other: Stream[U], *, retention: timedelta, how: str
    ) -> JoinStream[T_co, U, T_co | None, U | None]: ...
    def join(self, other: Stream[Any], *, retention: timedelta, how: str = "inner") -> JoinStream[Any, Any, Any, Any]:
        """Joins two streams on their keys: `left.join(right, retention=…).where(f).equal_to(g).with_function(h)`.

        Args:
            other: The right side.
            retention: How long, in processing time, a record is remembered and waits for matches.
            how: `inner`, `left`, `right` or `full`: whether a record that was never matched is emitted alone, once it
                is forgotten.

        Raises:
            JobGraphError: The retention is less than a millisecond, or `how` is none of these.
        """
        return JoinStream(self, other, join_options(retention, how))

    def dead_letters(self) -> DataStream[dict[str, Any]]:
        """Returns the records at which the operator's function fails, which are left out of this stream.

        Each is a dict: `operator` (its name), `subtask` (its parallel index), `record`, and `error` (text). A record
        that cannot cross to the language of the consumer comes as text. The operator takes its records one by one
        then, as with `with_on_error("skip")`.

        Raises:
            JobGraphError: The operator is a source.
        """
        return self._view_of_dead_letters(DataStream)

    def collect(self) -> CollectedStream[T_co]:
        """Sends every record to this process; the returned handle gives them once the job has finished."""
        sink: StreamSink[T_co] = self._then(pb.OPERATOR_KIND_COLLECT, pb.LANGUAGE_PYTHON, StreamSink)
        return self._description.add_collected(sink._operator)

    def execute_and_collect(self, job_name: str = "collect") -> list[T_co]:
        """Runs the job to its end and returns the records of this stream.

        Raises:
            JobFailedError: The job failed.
        """
        collected = self.collect()
        self._context.execute(job_name)
        return collected.get()

    def partition_by(
        self, func: PartitionFunction[T_co] | type[PartitionFunction[T_co]] | Callable[[T_co, int], int | Iterable[int]]
    ) -> DataStream[T_co]:
        """Returns a view whose records go to the subtasks that `func(record, n)` names.

        Raises:
            JobGraphError: The operator that emits the stream runs in Java; the function has to run beside it.
        """
        if self._operator.language != pb.LANGUAGE_PYTHON:
            raise JobGraphError(
                f"partition_by with a Python function needs a Python operator in front of it, {self.get_name()!r} "
                "is a Java operator: call partition_by before as_python_stream(), or put a map in between"
            )
        function = python_function(func, PartitionFunction, "partition_by")
        partitioning = pb.Partitioning(kind=pb.Partitioning.KIND_CUSTOM, function=function)
        return self._spread_by("partition_by", partitioning, DataStream)

    def as_java_stream(self) -> JavaDataStream:
        """Returns a view for which the operators that follow are Java classes."""
        from anabranch.api.javastream import JavaDataStream  # noqa: PLC0415 - the two modules need each other

        return self._view(JavaDataStream)

    def _python(self, kind: pb.OperatorKind, func: Any, interface: type[Function], result: type[V]) -> V:
        verb = pb.OperatorKind.Name(kind).removeprefix("OPERATOR_KIND_").lower()
        with self._description.checking(self._partitioning):
            function = python_function(func, interface, verb)
        stream = self._then(kind, pb.LANGUAGE_PYTHON, result, function)
        if saves_state(func):
            self._description.note_saving_function(stream._operator)
        return stream


class KeyDataStream(DataStream[T_co], Generic[K_co, T_co]):
    """A stream whose records have keys."""

    def reduce(
        self, func: ReduceFunction[T_co] | type[ReduceFunction[T_co]] | Callable[[T_co, T_co], T_co]
    ) -> DataStream[T_co]:
        """Keeps a running value per key and emits it for every record.

        The first record of a key is emitted as it came, later ones as `func(value so far, record)`.
        """
        return self._python(pb.OPERATOR_KIND_REDUCE, func, ReduceFunction, DataStream)

    def aggregate(self, func: AggregateFunction[T_co, Any, R] | type[AggregateFunction[T_co, Any, R]]) -> DataStream[R]:
        """Adds every record to the accumulator of its key and emits the result so far."""
        return self._python(pb.OPERATOR_KIND_AGGREGATE, func, AggregateFunction, DataStream)

    def as_java_stream(self) -> JavaKeyDataStream:
        """Returns a view for which the operators that follow are Java classes. The key stays the key."""
        from anabranch.api.javastream import JavaKeyDataStream  # noqa: PLC0415 - the two modules need each other

        return self._view(JavaKeyDataStream)


class UnionStream(DataStream[T_co]):
    """The records of several streams."""


class ConnectedStreams(Generic[T_co, U_co]):
    """Two streams that one function reads."""

    def __init__(self, first: Stream[T_co], second: Stream[U_co]) -> None:
        """Made by `DataStream.connect`."""
        self._first = first
        self._second = second

    def process(self, func: CoProcessFunction[T_co, U_co, R] | type[CoProcessFunction[T_co, U_co, R]]) -> DataStream[R]:
        """Emits what `process1` collects for the first stream and `process2` for the second."""
        function = python_function(func, CoProcessFunction, "process")
        kind = pb.OPERATOR_KIND_CONNECT
        stream: DataStream[R] = self._first._then(kind, pb.LANGUAGE_PYTHON, DataStream, function, self._second)
        if saves_state(func):
            self._first._description.note_saving_function(stream._operator)
        return stream


class JoinStream(Generic[T_co, U_co, L_co, R_co]):
    """A join that waits for its left key, its right key and its function, in this order.

    The first two type parameters are those of the sides, the others are what the function is given of each: `None` too,
    in an outer join.
    """

    def __init__(self, left: DataStream[T_co], right: Stream[U_co], options: pb.JoinOptions) -> None:
        """Made by `DataStream.join`."""
        self._left = left
        self._right = right
        self._options = options
        self._left_key: Any = None
        self._right_key: Any = None

    def where(
        self, func: KeyFunction[T_co, Any] | type[KeyFunction[T_co, Any]] | Callable[[T_co], Any]
    ) -> JoinStream[T_co, U_co, L_co, R_co]:
        """Sets the key of the left records."""
        self._left_key = func
        return self

    def equal_to(
        self, func: KeyFunction[U_co, Any] | type[KeyFunction[U_co, Any]] | Callable[[U_co], Any]
    ) -> JoinStream[T_co, U_co, L_co, R_co]:
        """Sets the key of the right records."""
        self._right_key = func
        return self

    def with_function(
        self, func: JoinFunction[T_co, U_co, R] | type[JoinFunction[T_co, U_co, R]] | Callable[[L_co, R_co], R]
    ) -> DataStream[R]:
        """Emits `func(left, right)` for every pair of records of one key that are remembered at the same time.

        Raises:
            JobGraphError: `where` or `equal_to` is missing.
        """
        if self._left_key is None or self._right_key is None:
            raise JobGraphError("a join needs where(key of the left) and equal_to(key of the right) first")
        function = python_function(func, JoinFunction, "with_function")
        self._left._check_is_of_this_job(self._right)
        left_key, right_key = (python_function(key, KeyFunction, "key_by") for key in (self._left_key, self._right_key))
        right: KeyDataStream[Any, U_co] = self._right._then(
            pb.OPERATOR_KIND_KEY_BY, pb.LANGUAGE_PYTHON, KeyDataStream, right_key
        )
        left: KeyDataStream[Any, T_co] = self._left._then(
            pb.OPERATOR_KIND_KEY_BY, pb.LANGUAGE_PYTHON, KeyDataStream, left_key
        )
        joined: DataStream[R] = left._then(pb.OPERATOR_KIND_JOIN, pb.LANGUAGE_PYTHON, DataStream, function, right)
        joined._operator.join.CopyFrom(self._options)
        return joined


def join_options(retention: timedelta, how: str) -> pb.JoinOptions:
    """Returns the options of a join.

    Raises:
        JobGraphError: One of them does not fit.
    """
    if not isinstance(retention, timedelta):
        raise JobGraphError(
            f"the retention of a join must be a timedelta, such as timedelta(minutes=5), got {shown(retention)}"
        )
    milliseconds = retention // timedelta(milliseconds=1)
    if milliseconds < 1:
        raise JobGraphError(f"the retention of a join must be at least a millisecond, got {retention}")
    types = {
        "inner": pb.JoinOptions.TYPE_INNER,
        "left": pb.JoinOptions.TYPE_LEFT,
        "right": pb.JoinOptions.TYPE_RIGHT,
        "full": pb.JoinOptions.TYPE_FULL,
    }
    if how not in types:
        raise JobGraphError(f"how must be one of {', '.join(types)}, got {shown(how)}")
    return pb.JoinOptions(type=types[how], retention_ms=milliseconds)


class StreamSource(DataStream[T_co]):
    """A stream that comes from a source."""

    @staticmethod
    def build_source(context: StreamingContext, func: SourceFunction[T]) -> StreamSource[T]:
        """Adds a source to a context; the same as `context.source(func)`."""
        return context.source(func)


class StreamSink(Stream[T_co]):
    """The end of a stream."""

    def dead_letters(self) -> DataStream[dict[str, Any]]:
        """Returns the records at which the sink's function fails; see `DataStream.dead_letters`."""
        return self._view_of_dead_letters(DataStream)
