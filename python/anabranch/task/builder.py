"""From the descriptor of a task to its gates and its chain."""

from __future__ import annotations

from collections.abc import Callable

from anabranch.api.functions import PartitionFunction
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ConsumerIdentity, InputChannel
from anabranch.exchange.input.decoding import EdgeDecoder
from anabranch.exchange.input.gate import InputGate
from anabranch.exchange.output.edge_writer import EdgeWriter
from anabranch.exchange.output.gate import OutputGate
from anabranch.exchange.output.outgoing_channel import OutgoingChannel
from anabranch.exchange.output.partitioners import ByKey, Custom, Partitioner, Rebalance, Single
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.exchange.wire.handshake import ProducerHandshakes
from anabranch.operators import partition
from anabranch.operators.dead_letters import DeadLetters
from anabranch.operators.functions import UserFunction
from anabranch.operators.job import WorkerJob
from anabranch.operators.operator import Emit, OperatorError
from anabranch.records import Decoder, Encoder
from anabranch.records.batch import Batch
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as graph


def build_input(
    descriptor: control.TaskDescriptor,
    job: WorkerJob,
    event_loop: EventLoop,
    channel_of: Callable[[int, int], InputChannel],
) -> InputGate:
    """Returns the input gate; `channel_of` makes the channel of a number and an edge."""
    identity = ConsumerIdentity(job.job_id, job.token, descriptor.incarnation)
    channels = [channel_of(channel.channel, edge.edge_id) for edge in descriptor.inputs for channel in edge.channels]
    return InputGate(event_loop, job.transport, identity, channels)


def build_decoders(descriptor: control.TaskDescriptor, job: WorkerJob, *, refuses: bool) -> dict[int, EdgeDecoder]:
    """Returns what decodes the frames of each input edge.

    Args:
        descriptor: The task.
        job: The job.
        refuses: Whether a record that cannot be decoded may stand for itself, as a `RefusedValue`.
    """
    return {
        edge.edge_id: EdgeDecoder(edge.producer_name, Decoder(edge.producer_language, job.types, refuses=refuses))
        for edge in descriptor.inputs
    }


def load_partition_functions(descriptor: control.TaskDescriptor) -> dict[int, UserFunction]:
    """Returns, by edge, the function that chooses where its records go.

    Raises:
        OperatorError: One cannot be loaded.
    """
    return {
        edge.edge_id: _load_partition_function(edge, descriptor)
        for edge in descriptor.outputs
        if edge.partitioning.kind == graph.Partitioning.KIND_CUSTOM
    }


def _load_partition_function(edge: control.OutputEdge, descriptor: control.TaskDescriptor) -> UserFunction:
    try:
        return UserFunction(edge.partitioning.function, PartitionFunction)
    except BaseException as error:
        hint = partition.HINT.format(consumer=edge.consumer_name)
        raise OperatorError(descriptor.chain[-1].name, -1, None, hint) from error


def build_output(
    descriptor: control.TaskDescriptor,
    job: WorkerJob,
    partition_functions: dict[int, UserFunction],
    channel_of: Callable[[int], OutgoingChannel],
    wait_until: Callable[[Callable[[], bool]], None],
) -> OutputGate:
    """Returns the output gate.

    Args:
        descriptor: The task.
        job: The job.
        partition_functions: By edge, the function that chooses where its records go.
        channel_of: Makes the channel of a number.
        wait_until: How an edge waits for room.
    """
    return OutputGate(
        [
            EdgeWriter(
                edge.edge_id,
                [channel_of(channel.channel) for channel in edge.channels],
                _partitioner(edge, descriptor, job, partition_functions),
                Encoder(edge.consumer_language, job.types),
                broadcast=edge.partitioning.kind == graph.Partitioning.KIND_BROADCAST,
                carries_keys=edge.carries_keys,
                consumer=edge.consumer_name,
                limits=job.limits,
                wait_until=wait_until,
            )
            for edge in descriptor.outputs
        ]
    )


def _partitioner(
    edge: control.OutputEdge,
    descriptor: control.TaskDescriptor,
    job: WorkerJob,
    partition_functions: dict[int, UserFunction],
) -> Partitioner:
    kind, n = edge.partitioning.kind, len(edge.channels)
    if kind == graph.Partitioning.KIND_CUSTOM:
        return Custom(n, partition_functions[edge.edge_id].call)
    if n == 1 or kind in (graph.Partitioning.KIND_FORWARD, graph.Partitioning.KIND_BROADCAST):
        return Single()
    if kind == graph.Partitioning.KIND_KEY:
        return ByKey(n, descriptor.max_parallelism, job.types)
    return Rebalance(n, first=descriptor.subtask)


def emit_of(descriptor: control.TaskDescriptor, output: OutputGate) -> Emit:
    """Returns what takes the results of the last operator, to all edges but those of dead letters."""
    described = zip(descriptor.outputs, output.edges, strict=True)
    edges = [edge for description, edge in described if not description.dead_letters]
    if len(edges) == 1:
        return edges[0].emit

    def emit_to_all(batch: Batch) -> None:
        for edge in edges:
            edge.emit(batch)

    return emit_to_all


def dead_letters_of(
    descriptor: control.TaskDescriptor, job: WorkerJob, output: OutputGate
) -> Callable[[OperatorError], None] | None:
    """Returns what takes the failures of the last operator at single records; None if nobody does."""
    described = zip(descriptor.outputs, output.edges, strict=True)
    dead = [(edge, description.consumer_language) for description, edge in described if description.dead_letters]
    return DeadLetters(descriptor.subtask, dead, job.types) if dead else None


def listen(
    descriptor: control.TaskDescriptor, job: WorkerJob, event_loop: EventLoop, output: OutputGate
) -> tuple[list[Acceptor], control.Endpoint | None]:
    """Returns what lets consumers in, and where they find the task; nothing for a task without consumers."""
    if not descriptor.outputs:
        return [], None
    listeners, endpoint = job.transport.listen(f"t{descriptor.task_id}-{descriptor.incarnation}")
    handshakes = ProducerHandshakes(job.token, endpoint.nonce)
    timeout = job.options.integer("anabranch.exchange.handshake-timeout-ms") / 1000
    acceptors = [
        Acceptor(event_loop, listener, job.transport, handshakes=handshakes, timeout=timeout, admit=output.admit)
        for listener in listeners
    ]
    return acceptors, endpoint
