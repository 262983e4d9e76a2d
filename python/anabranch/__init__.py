"""Anabranch: a streaming engine in which Python and Java operators share one job.

Everything a user needs is here; all other modules are internal.
"""

from anabranch.api.collected import CollectedStream
from anabranch.api.context import StreamingContext
from anabranch.api.datastream import DataStream, KeyDataStream, StreamSink, StreamSource, UnionStream
from anabranch.api.functions import (
    AggregateFunction,
    Collector,
    CoProcessFunction,
    EndOfData,
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
    SourceContext,
    SourceFunction,
    TransactionalSinkFunction,
)
from anabranch.api.java_lookup import JavaFunction
from anabranch.api.javastream import (
    JavaDataStream,
    JavaKeyDataStream,
    JavaStreamSink,
    JavaStreamSource,
    JavaUnionStream,
)
from anabranch.api.runtime_context import RuntimeContext
from anabranch.connectors.file_sink import FileSink
from anabranch.errors import (
    AnabranchError,
    ConfigError,
    JavaFunctionError,
    JavaNotFoundError,
    JobCancelledError,
    JobFailedError,
    JobGraphError,
    RecordError,
)
from anabranch.job import Job, JobState, JobStatus
from anabranch.records import Row, record_type

__all__ = [
    "AggregateFunction",
    "AnabranchError",
    "CoProcessFunction",
    "CollectedStream",
    "Collector",
    "ConfigError",
    "DataStream",
    "EndOfData",
    "FileSink",
    "FilterFunction",
    "FlatMapFunction",
    "Function",
    "IdempotentSinkFunction",
    "JavaDataStream",
    "JavaFunction",
    "JavaFunctionError",
    "JavaKeyDataStream",
    "JavaNotFoundError",
    "JavaStreamSink",
    "JavaStreamSource",
    "JavaUnionStream",
    "Job",
    "JobCancelledError",
    "JobFailedError",
    "JobGraphError",
    "JobState",
    "JobStatus",
    "JoinFunction",
    "KeyDataStream",
    "KeyFunction",
    "MapFunction",
    "PartitionFunction",
    "ProcessContext",
    "ProcessFunction",
    "RecordError",
    "ReduceFunction",
    "Row",
    "RuntimeContext",
    "SinkFunction",
    "SourceContext",
    "SourceFunction",
    "StreamSink",
    "StreamSource",
    "StreamingContext",
    "TransactionalSinkFunction",
    "UnionStream",
    "record_type",
]
