"""Streams whose following operators are written in Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

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
from anabranch.api.stream import Stream, V
from anabranch.errors import JobGraphError
from anabranch.text import shown
from anabranch.v1 import graph_pb2 as pb

if TYPE_CHECKING:
    from anabranch.api.context import StreamingContext
    from anabranch.api.javastream import JavaDataStream, JavaKeyDataStream


class DataStream(Stream):
    """A stream for Python operators.

    Every transformation serializes its function at once and raises `JobGraphError` in the caller's line if it does
    not fit. Records of one subtask keep their order as far as the next exchange.
    """

    def map(self, func: MapFunction[Any, Any] | Callable[[Any], Any]) -> DataStream:
        """Emits `func(record)` for each record."""
        return self._python(pb.OPERATOR_KIND_MAP, func, MapFunction, DataStream)

    def flat_map(
        self,
        func: FlatMapFunction[Any, Any] | Callable[[Any], Iterable[Any]] | Callable[[Any, Collector[Any]], Any],
    ) -> DataStream:
        """Emits every element of `func(record)`, or everything that `func(record, collector)` collects."""
        return self._python(pb.OPERATOR_KIND_FLAT_MAP, func, FlatMapFunction, DataStream)

    def filter(self, func: FilterFunction[Any] | Callable[[Any], object]) -> DataStream:
        """Emits the records for which `func(record)` is true."""
        return self._python(pb.OPERATOR_KIND_FILTER, func, FilterFunction, DataStream)

    def key_by(self, func: KeyFunction[Any, Any] | Callable[[Any], Any]) -> KeyDataStream:
        """Groups the stream by `func(record)`: records of equal keys go to one subtask.

        `1`, `1.0` and `True` are different keys.
        """
        return self._python(pb.OPERATOR_KIND_KEY_BY, func, KeyFunction, KeyDataStream)

    def union(self, *streams: Stream) -> UnionStream:
        """Merges this stream with others. Nothing is promised about the order between them.

        Raises:
            JobGraphError: No other stream is given, or it is of another job.
        """
        if not streams:
            raise JobGraphError("union() needs at least one other stream")
        return self._then(pb.OPERATOR_KIND_UNION, pb.LANGUAGE_PYTHON, UnionStream, None, *streams)

    def sink(self, func: SinkFunction[Any] | IdempotentSinkFunction[Any] | Callable[[Any], object]) -> StreamSink:
        """Hands every record to `func`. Printed lines appear on the driver's console."""
        if issubclass(func if inspect.isclass(func) else type(func), IdempotentSinkFunction):
            # What identifies a record is its place in the input of a task.
            return self._python(pb.OPERATOR_KIND_SINK, func, IdempotentSinkFunction, StreamSink).disable_chain()
        return self._python(pb.OPERATOR_KIND_SINK, func, SinkFunction, StreamSink)

    def process(
        self, func: ProcessFunction[Any, Any] | Callable[[Any, ProcessContext, Collector[Any]], object]
    ) -> DataStream:
        """Emits what `func(record, context, collector)` collects; on a keyed stream the context has a state per key."""
        return self._python(pb.OPERATOR_KIND_PROCESS, func, ProcessFunction, DataStream)

    def connect(self, other: Stream) -> ConnectedStreams:
        """Puts two streams of different types before one function, given by `process` on the result."""
        return ConnectedStreams(self, other)

    def join(self, other: Stream, *, retention: timedelta, how: str = "inner") -> JoinStream:
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

    def dead_letters(self) -> DataStream:
        """Returns the records at which the operator's function fails, which are left out of this stream.

        Each is a dict: `operator` (its name), `subtask` (its parallel index), `record`, and `error` (text). A record
        that cannot cross to the language of the consumer comes as text. The operator takes its records one by one
        then, as with `with_on_error("skip")`.

        Raises:
            JobGraphError: The operator is a source.
        """
        return self._view_of_dead_letters(DataStream)

    def collect(self) -> CollectedStream:
        """Sends every record to this process; the returned handle gives them once the job has finished."""
        sink = self._then(pb.OPERATOR_KIND_COLLECT, pb.LANGUAGE_PYTHON, StreamSink)
        return self._description.add_collected(sink._operator)

    def execute_and_collect(self, job_name: str = "collect") -> list[Any]:
        """Runs the job to its end and returns the records of this stream.

        Raises:
            JobFailedError: The job failed.
        """
        collected = self.collect()
        self._context.execute(job_name)
        return collected.get()

    def partition_by(self, func: PartitionFunction[Any] | Callable[[Any, int], int | Iterable[int]]) -> DataStream:
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


class KeyDataStream(DataStream):
    """A stream whose records have keys."""

    def reduce(self, func: ReduceFunction[Any] | Callable[[Any, Any], Any]) -> DataStream:
        """Keeps a running value per key and emits it for every record.

        The first record of a key is emitted as it came, later ones as `func(value so far, record)`.
        """
        return self._python(pb.OPERATOR_KIND_REDUCE, func, ReduceFunction, DataStream)

    def aggregate(self, func: AggregateFunction[Any, Any, Any] | type[AggregateFunction[Any, Any, Any]]) -> DataStream:
        """Adds every record to the accumulator of its key and emits the result so far."""
        return self._python(pb.OPERATOR_KIND_AGGREGATE, func, AggregateFunction, DataStream)

    def as_java_stream(self) -> JavaKeyDataStream:
        """Returns a view for which the operators that follow are Java classes. The key stays the key."""
        from anabranch.api.javastream import JavaKeyDataStream  # noqa: PLC0415 - the two modules need each other

        return self._view(JavaKeyDataStream)


class UnionStream(DataStream):
    """The records of several streams."""


class ConnectedStreams:
    """Two streams that one function reads."""

    def __init__(self, first: Stream, second: Stream) -> None:
        """Made by `DataStream.connect`."""
        self._first = first
        self._second = second

    def process(self, func: CoProcessFunction[Any, Any, Any] | type[CoProcessFunction[Any, Any, Any]]) -> DataStream:
        """Emits what `process1` collects for the first stream and `process2` for the second."""
        function = python_function(func, CoProcessFunction, "process")
        kind = pb.OPERATOR_KIND_CONNECT
        stream = self._first._then(kind, pb.LANGUAGE_PYTHON, DataStream, function, self._second)
        if saves_state(func):
            self._first._description.note_saving_function(stream._operator)
        return stream


class JoinStream:
    """A join that waits for its left key, its right key and its function, in this order."""

    def __init__(self, left: DataStream, right: Stream, options: pb.JoinOptions) -> None:
        """Made by `DataStream.join`."""
        self._left = left
        self._right = right
        self._options = options
        self._left_key: Any = None
        self._right_key: Any = None

    def where(self, func: KeyFunction[Any, Any] | Callable[[Any], Any]) -> JoinStream:
        """Sets the key of the left records."""
        self._left_key = func
        return self

    def equal_to(self, func: KeyFunction[Any, Any] | Callable[[Any], Any]) -> JoinStream:
        """Sets the key of the right records."""
        self._right_key = func
        return self

    def with_function(self, func: JoinFunction[Any, Any, Any] | Callable[[Any, Any], Any]) -> DataStream:
        """Emits `func(left, right)` for every pair of records of one key that are remembered at the same time.

        Raises:
            JobGraphError: `where` or `equal_to` is missing.
        """
        if self._left_key is None or self._right_key is None:
            raise JobGraphError("a join needs where(key of the left) and equal_to(key of the right) first")
        function = python_function(func, JoinFunction, "with_function")
        self._left._check_is_of_this_job(self._right)
        left_key, right_key = (python_function(key, KeyFunction, "key_by") for key in (self._left_key, self._right_key))
        right = self._right._then(pb.OPERATOR_KIND_KEY_BY, pb.LANGUAGE_PYTHON, KeyDataStream, right_key)
        left = self._left._then(pb.OPERATOR_KIND_KEY_BY, pb.LANGUAGE_PYTHON, KeyDataStream, left_key)
        joined = left._then(pb.OPERATOR_KIND_JOIN, pb.LANGUAGE_PYTHON, DataStream, function, right)
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


class StreamSource(DataStream):
    """A stream that comes from a source."""

    @staticmethod
    def build_source(context: StreamingContext, func: SourceFunction[Any]) -> StreamSource:
        """Adds a source to a context; the same as `context.source(func)`."""
        return context.source(func)


class StreamSink(Stream):
    """The end of a stream."""

    def dead_letters(self) -> DataStream:
        """Returns the records at which the sink's function fails; see `DataStream.dead_letters`."""
        return self._view_of_dead_letters(DataStream)
