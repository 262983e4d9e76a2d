"""Streams whose following operators are Java classes, given by name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from anabranch.api.datastream import DataStream, KeyDataStream, join_options
from anabranch.api.java_lookup import JavaFunction
from anabranch.api.stream import Stream, V
from anabranch.errors import JobGraphError
from anabranch.v1 import graph_pb2 as pb

if TYPE_CHECKING:
    from anabranch.api.context import StreamingContext


class JavaDataStream(Stream[Any]):
    """A stream for Java operators.

    A function is named by its class, "com.acme.Shout", or as a static method, "com.acme.Text::shout";
    `JavaFunction("com.acme.Scorer", 0.7)` passes constructor arguments. It is looked up at once in the jars that were
    added to the context; `JavaFunctionError` in the caller's line tells what is wrong.
    """

    def map(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Emits what the MapFunction returns for each record."""
        return self._java(pb.OPERATOR_KIND_MAP, java_func, JavaDataStream)

    def flat_map(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Emits everything that the FlatMapFunction collects."""
        return self._java(pb.OPERATOR_KIND_FLAT_MAP, java_func, JavaDataStream)

    def filter(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Emits the records for which the FilterFunction returns true."""
        return self._java(pb.OPERATOR_KIND_FILTER, java_func, JavaDataStream)

    def key_by(self, java_func: str | JavaFunction) -> JavaKeyDataStream:
        """Groups the stream by what the KeyFunction returns."""
        return self._java(pb.OPERATOR_KIND_KEY_BY, java_func, JavaKeyDataStream)

    def union(self, *streams: Stream[Any]) -> JavaUnionStream:
        """Merges this stream with others. Nothing is promised about the order between them.

        Raises:
            JobGraphError: No other stream is given, or it is of another job.
        """
        if not streams:
            raise JobGraphError("union() needs at least one other stream")
        return self._then(pb.OPERATOR_KIND_UNION, pb.LANGUAGE_JAVA, JavaUnionStream, None, *streams)

    def sink(self, java_func: str | JavaFunction) -> JavaStreamSink:
        """Hands every record to the SinkFunction. Lines on System.out appear on the driver's console."""
        return self._java(pb.OPERATOR_KIND_SINK, java_func, JavaStreamSink)

    def process(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Emits what the ProcessFunction collects; on a keyed stream its context has a state per key."""
        return self._java(pb.OPERATOR_KIND_PROCESS, java_func, JavaDataStream)

    def connect(self, other: Stream[Any]) -> JavaConnectedStreams:
        """Puts two streams of different types before one function, given by `process` on the result."""
        return JavaConnectedStreams(self, other)

    def join(self, other: Stream[Any], *, retention: timedelta, how: str = "inner") -> JavaJoinStream:
        """Joins two streams on their keys. See `DataStream.join`; keys and function are Java classes.

        Raises:
            JobGraphError: The retention is less than a millisecond, or `how` is unknown.
        """
        return JavaJoinStream(self, other, join_options(retention, how))

    def dead_letters(self) -> JavaDataStream:
        """Returns the records at which the operator's function fails; see `DataStream.dead_letters`."""
        return self._view_of_dead_letters(JavaDataStream)

    def partition_by(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Returns a view whose records go to the subtasks that the PartitionFunction names.

        Raises:
            JobGraphError: The operator that emits the stream runs in Python; the function has to run beside it.
        """
        if self._operator.language != pb.LANGUAGE_JAVA:
            raise JobGraphError(
                f"partition_by with a Java function needs a Java operator in front of it, {self.get_name()!r} "
                "is a Python operator: call partition_by before as_java_stream(), or put a map in between"
            )
        function = self._java_function("partition", java_func)
        partitioning = pb.Partitioning(kind=pb.Partitioning.KIND_CUSTOM, function=function)
        return self._spread_by("partition_by", partitioning, JavaDataStream)

    def as_python_stream(self) -> DataStream[Any]:
        """Returns a view for which the operators that follow are written in Python."""
        return self._view(DataStream)

    def _java(self, kind: pb.OperatorKind, java_func: str | JavaFunction, result: type[V]) -> V:
        verb = pb.OperatorKind.Name(kind).removeprefix("OPERATOR_KIND_").lower()
        return self._then(kind, pb.LANGUAGE_JAVA, result, self._java_function(verb, java_func))

    def _java_function(self, verb: str, java_func: str | JavaFunction) -> pb.FunctionDescriptor:
        with self._description.checking(self._partitioning):
            if not isinstance(java_func, (str, JavaFunction)):
                raise JobGraphError(
                    f"{verb}() of a Java stream takes the name of a Java class, not a {type(java_func).__name__}; "
                    "call as_python_stream() first to use a Python function"
                )
            return self._context._java_function(verb, java_func)


class JavaKeyDataStream(JavaDataStream):
    """A stream whose records have keys."""

    def reduce(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Keeps a running value per key by the ReduceFunction and emits it for every record."""
        return self._java(pb.OPERATOR_KIND_REDUCE, java_func, JavaDataStream)

    def aggregate(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Adds every record to the accumulator of its key by the AggregateFunction and emits the result so far."""
        return self._java(pb.OPERATOR_KIND_AGGREGATE, java_func, JavaDataStream)

    def as_python_stream(self) -> KeyDataStream[Any, Any]:
        """Returns a view for which the operators that follow are written in Python. The key stays the key."""
        return self._view(KeyDataStream)


class JavaUnionStream(JavaDataStream):
    """The records of several streams."""


class JavaConnectedStreams:
    """Two streams that one Java function reads."""

    def __init__(self, first: JavaDataStream, second: Stream[Any]) -> None:
        """Made by `JavaDataStream.connect`."""
        self._first = first
        self._second = second

    def process(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Emits what the CoProcessFunction collects."""
        function = self._first._java_function("connect", java_func)
        kind = pb.OPERATOR_KIND_CONNECT
        return self._first._then(kind, pb.LANGUAGE_JAVA, JavaDataStream, function, self._second)


class JavaJoinStream:
    """A join that waits for its left key, its right key and its function, in this order."""

    def __init__(self, left: JavaDataStream, right: Stream[Any], options: pb.JoinOptions) -> None:
        """Made by `JavaDataStream.join`."""
        self._left = left
        self._right = right
        self._options = options
        self._left_key: str | JavaFunction | None = None
        self._right_key: str | JavaFunction | None = None

    def where(self, java_func: str | JavaFunction) -> JavaJoinStream:
        """Sets the KeyFunction of the left records."""
        self._left_key = java_func
        return self

    def equal_to(self, java_func: str | JavaFunction) -> JavaJoinStream:
        """Sets the KeyFunction of the right records."""
        self._right_key = java_func
        return self

    def with_function(self, java_func: str | JavaFunction) -> JavaDataStream:
        """Emits what the JoinFunction returns for every pair of one key that is remembered at the same time.

        Raises:
            JobGraphError: `where` or `equal_to` is missing.
        """
        if self._left_key is None or self._right_key is None:
            raise JobGraphError("a join needs where(key of the left) and equal_to(key of the right) first")
        function = self._left._java_function("join", java_func)
        self._left._check_is_of_this_job(self._right)
        left_key, right_key = (self._left._java_function("key_by", key) for key in (self._left_key, self._right_key))
        right = self._right._then(pb.OPERATOR_KIND_KEY_BY, pb.LANGUAGE_JAVA, JavaKeyDataStream, right_key)
        left = self._left._then(pb.OPERATOR_KIND_KEY_BY, pb.LANGUAGE_JAVA, JavaKeyDataStream, left_key)
        joined = left._then(pb.OPERATOR_KIND_JOIN, pb.LANGUAGE_JAVA, JavaDataStream, function, right)
        joined._operator.join.CopyFrom(self._options)
        return joined


class JavaStreamSource(JavaDataStream):
    """A stream that comes from a Java source."""

    @staticmethod
    def build_source(context: StreamingContext, java_source_func: str | JavaFunction) -> JavaStreamSource:
        """Adds a Java source to a context; the same as `context.java_source(java_source_func)`."""
        return context.java_source(java_source_func)


class JavaStreamSink(Stream[Any]):
    """The end of a stream."""

    def dead_letters(self) -> JavaDataStream:
        """Returns the records at which the sink's function fails; see `DataStream.dead_letters`."""
        return self._view_of_dead_letters(JavaDataStream)
