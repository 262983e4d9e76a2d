"""Anabranch: a streaming engine in which Python and Java operators share one job.

Everything a user needs is here; all other modules are internal.
"""

from typing import TYPE_CHECKING

from anabranch.api.collected import CollectedStream
from anabranch.api.context import StreamingContext
from anabranch.api.datastream import (
    ConnectedStreams,
    DataStream,
    JoinStream,
    KeyDataStream,
    StreamSink,
    StreamSource,
    UnionStream,
)
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
    JavaConnectedStreams,
    JavaDataStream,
    JavaJoinStream,
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
from anabranch.job import CompletedCheckpoint, Job, JobState, JobStatus, OperatorStatus, PendingCheckpoint
from anabranch.records import Row, record_type

__all__ = [
    "AggregateFunction",
    "AnabranchError",
    "CoProcessFunction",
    "CollectedStream",
    "Collector",
    "CompletedCheckpoint",
    "ConfigError",
    "ConnectedStreams",
    "DataStream",
    "EndOfData",
    "FileSink",
    "FilterFunction",
    "FlatMapFunction",
    "Function",
    "IdempotentSinkFunction",
    "JavaConnectedStreams",
    "JavaDataStream",
    "JavaFunction",
    "JavaFunctionError",
    "JavaJoinStream",
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
    "JoinStream",
    "KeyDataStream",
    "KeyFunction",
    "MapFunction",
    "OperatorStatus",
    "PartitionFunction",
    "PendingCheckpoint",
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
    "__version__",
    "record_type",
]

if TYPE_CHECKING:  # to which a module with __getattr__ would have any name
    __version__: str
else:

    def __getattr__(name: str) -> str:
        if name != "__version__":
            raise AttributeError(f"module 'anabranch' has no attribute {name!r}")
        from importlib.metadata import version  # noqa: PLC0415 - no worker asks

        return version("anabranch")
