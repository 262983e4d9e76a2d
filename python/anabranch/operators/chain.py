"""Builds the operators of a task and links them into a chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from anabranch import forks
from anabranch.api.functions import (
    AggregateFunction,
    CoProcessFunction,
    FilterFunction,
    FlatMapFunction,
    Function,
    JoinFunction,
    KeyFunction,
    MapFunction,
    ProcessFunction,
    ReduceFunction,
    SinkFunction,
    SourceFunction,
)
from anabranch.api.runtime_context import Answers, RuntimeContext
from anabranch.errors import JobGraphError
from anabranch.operators.aggregate import AggregateOperator
from anabranch.operators.collect import CollectOperator, SendCollected
from anabranch.operators.connect import ConnectOperator
from anabranch.operators.filter import FilterOperator
from anabranch.operators.flat_map import CollectorFlatMapOperator, FlatMapOperator
from anabranch.operators.functions import UserFunction
from anabranch.operators.idempotent_sink import IdempotentSinkOperator, Origin
from anabranch.operators.job import WorkerJob
from anabranch.operators.join import JoinOperator
from anabranch.operators.key_by import KeyByOperator
from anabranch.operators.map import MapOperator
from anabranch.operators.operator import Emit, Operator, OperatorError, Step, discard
from anabranch.operators.partition import PartitionOperator
from anabranch.operators.process import ProcessOperator
from anabranch.operators.reduce import ReduceOperator
from anabranch.operators.refused_records import RefusedRecords, first_that_skips
from anabranch.operators.sink import SinkOperator
from anabranch.operators.skipping import SkippingOperator
from anabranch.operators.slices import AfterSlice, Slices
from anabranch.operators.source import SourceOperator
from anabranch.operators.state_loader import StateLoader
from anabranch.operators.state_saver import StateSaver
from anabranch.operators.union import UnionOperator
from anabranch.operators.user_operator import UserOperator
from anabranch.records import Encoder
from anabranch.records.batch import Batch
from anabranch.v1 import graph_pb2 as graph
from anabranch.v1.control_pb2 import InputEdge, TaskDescriptor

# In the configuration of an operator.
ON_ERROR = "anabranch.on-error"

_USER_OPERATORS: dict[int, tuple[type[Function], type[UserOperator[Any]]]] = {
    graph.OPERATOR_KIND_SOURCE: (SourceFunction, SourceOperator),
    graph.OPERATOR_KIND_MAP: (MapFunction, MapOperator),
    graph.OPERATOR_KIND_FLAT_MAP: (FlatMapFunction, FlatMapOperator),
    graph.OPERATOR_KIND_FILTER: (FilterFunction, FilterOperator),
    graph.OPERATOR_KIND_KEY_BY: (KeyFunction, KeyByOperator),
    graph.OPERATOR_KIND_REDUCE: (ReduceFunction, ReduceOperator),
    graph.OPERATOR_KIND_SINK: (SinkFunction, SinkOperator),
    graph.OPERATOR_KIND_AGGREGATE: (AggregateFunction, AggregateOperator),
    graph.OPERATOR_KIND_PROCESS: (ProcessFunction, ProcessOperator),
    graph.OPERATOR_KIND_CONNECT: (CoProcessFunction, ConnectOperator),
}


def _nothing_more(_records: int, _began: float, _ended: float) -> None:
    """What a chain without a task does between two slices."""


class OperatorChain:
    """The operators of one task, each feeding the next; the last feeds `emit`.

    Edges have functions too, key functions at their consumer and partition functions at their producer, with the same
    life as those of operators.

    Attributes:
        operators: The operators.
        takes_refused: Whether a `RefusedValue` may be in the input: an operator leaves out its record.
    """

    def __init__(
        self,
        operators: Sequence[Operator],
        inputs: Sequence[InputEdge],
        key_operators: Mapping[int, KeyByOperator],
        emit: Emit,
        *,
        after_slice: AfterSlice = _nothing_more,
        after_input: AfterSlice = _nothing_more,
        partition_operators: Mapping[int, PartitionOperator] = MappingProxyType({}),
    ) -> None:
        """Links the operators.

        Args:
            operators: The operators.
            inputs: The input edges.
            key_operators: By input edge, what computes the keys of its records.
            emit: Takes what the last operator emits.
            after_slice: Called whenever the operators have taken a part of what one of them emits.
            after_input: Called whenever they have taken a part of a batch of the input.
            partition_operators: By output edge, the life of the function that chooses where its records go.
        """
        self.operators = operators
        self._key_operators = key_operators
        self._partition_operators = partition_operators
        self._of_edges: dict[int, UserOperator[Any]] = {**key_operators, **partition_operators}
        # Last first, so that each finds its consumer ready.
        self._as_opened = [*partition_operators.values(), *reversed(operators), *key_operators.values()]
        self._inputs: dict[int, Emit] = {}
        self._opened: list[Operator] = []
        steps: list[Step] = [operator.process for operator in operators]
        for index, operator in enumerate(operators, start=1):
            rest = steps[index:]
            operator.connect(Slices(_through(rest, emit), after_slice) if rest else emit)
        skipping = first_that_skips(operators)
        self.takes_refused = skipping is not None
        for edge in inputs:
            keyed = key_operators.get(edge.edge_id)
            first = partial(operators[0].process_input, edge.input)
            way = _through([*([keyed.process] if keyed else []), first, *steps[1:]], emit)
            if skipping is not None:
                way = RefusedRecords(way, operators, skipping)
            self._inputs[edge.edge_id] = Slices(way, after_input)

    @property
    def source(self) -> SourceOperator | None:
        """The first operator, if it is a source."""
        head = self.operators[0]
        return head if isinstance(head, SourceOperator) else None

    def entry(self, edge: int) -> Emit:
        """Returns what takes the batches of an input edge."""
        return self._inputs[edge]

    def open(self) -> None:
        """Opens the functions of outgoing edges, the operators from last to first, the functions of incoming edges.

        Raises:
            OperatorError: A user's `open` failed; the operators opened so far are closed by `close`.
        """
        for operator in self._as_opened:
            self._opened.append(operator)
            operator.open()

    def start(self) -> None:
        """Called once before the first record, after `restore` and the commits that belong to it."""
        for operator in self.operators:
            operator.start()

    def snapshot(self, saver: StateSaver) -> None:
        """Saves the state of all operators, and what the functions of edges keep.

        Raises:
            OperatorError: A user's `save_checkpoint` failed, or what is to be saved cannot be encoded.
        """
        for operator in self.operators:
            saver.save_operator(operator)
        for edge, of_edge in self._of_edges.items():
            saver.save_edge(edge, of_edge)

    def restore(self, loader: StateLoader) -> None:
        """Gives every operator its state back, in the order in which they were opened.

        Raises:
            OperatorError: A user's `load_checkpoint` failed.
        """
        for edge, of_edge in self._of_edges.items():
            loader.load_edge(edge, of_edge)
        for operator in reversed(self.operators):
            loader.load_operator(operator)

    def commit(self, checkpoint: int) -> None:
        """Has every sink make visible what belongs to this checkpoint and those before it."""
        for operator in self.operators:
            operator.commit(checkpoint)

    def end(self, saver: StateSaver | None) -> None:
        """Brings one operator after the other to its end, first to last, so that the others take what it emits there.

        Each emits what it still holds, is saved, and is closed. A sink that has something to commit is closed after
        its last commit.

        Args:
            saver: Saves the last snapshot; None: there are no checkpoints, and sinks commit here.

        Raises:
            OperatorError: A user's function failed.
        """
        self._end_edges(self._key_operators, saver)
        for operator in self.operators:
            operator.finish()
            if saver is None:
                operator.commit_at_end()
            else:
                saver.save_operator(operator)
            if saver is None or not operator.needs_commit:
                self._close(operator)
        self._end_edges(self._partition_operators, saver)

    def _end_edges(self, functions: Mapping[int, UserOperator[Any]], saver: StateSaver | None) -> None:
        for edge, function in functions.items():
            if saver is not None:
                saver.save_edge(edge, function)
            self._close(function)

    def _close(self, operator: Operator) -> None:
        self._opened.remove(operator)
        operator.close()

    def close(self) -> None:
        """Closes every operator that is open still, first to last, even if one fails. What they emit is dropped.

        Raises:
            OperatorError: A user's `close` failed; the first failure.
        """
        for operator in self.operators:
            operator.connect(discard)
        first_failure: OperatorError | None = None
        while self._opened:
            try:
                self._opened.pop().close()
            except OperatorError as error:
                first_failure = first_failure or error
        if first_failure is not None:
            raise first_failure


def _through(steps: Sequence[Step], emit: Emit) -> Emit:
    """Returns what takes a batch through these steps, one after the other, and emits what comes out.

    A loop, and not operators that call each other: CPython allocates its stack in blocks, and where a long chain of
    calls ends near the end of a block, each call of a user's function would allocate and free one.
    """

    def run(batch: Batch) -> None:
        for step in steps:
            results = step(batch)
            if forks.in_child:
                forks.end_child()
            if results is None:
                return
            batch = results
        emit(batch)

    return run


def build_chain(
    descriptor: TaskDescriptor,
    job: WorkerJob,
    send_collected: SendCollected,
    emit: Emit,
    answers: Answers,
    *,
    dead_letters: Callable[[OperatorError], None] | None = None,
    origin: Callable[[], Origin],
    after_slice: AfterSlice,
    after_input: AfterSlice,
    partition_functions: Mapping[int, UserFunction],
) -> OperatorChain:
    """Loads the functions of a task and builds its chain.

    Args:
        descriptor: The task.
        job: The job.
        send_collected: Takes what a COLLECT operator has.
        emit: Takes what the last operator emits.
        answers: What the functions' contexts ask.
        dead_letters: Takes the failures of the last operator at single records.
        origin: Returns where the batch at hand comes from.
        after_slice: Called whenever the operators have taken a part of what one of them emits.
        after_input: Called whenever they have taken a part of a batch of the input.
        partition_functions: By output edge, the function that chooses where its records go.

    Raises:
        OperatorError: A function cannot be loaded, or cannot be what it is at this place.
    """
    operators: list[Operator] = []
    for operator in descriptor.chain:
        built = _build_operator(operator, descriptor, job, send_collected, answers)
        if isinstance(built, IdempotentSinkOperator):
            _check_place_of(built, descriptor, job)
            built.read_from(job.job_id, origin)
        skips = operator.config.get(ON_ERROR) == "skip" and operator.kind != graph.OPERATOR_KIND_SOURCE
        is_last = operator is descriptor.chain[-1]
        operators.append(SkippingOperator(built, dead_letters if is_last else None) if skips else built)
        operators[-1].uid = operator.uid or operator.name
    key_operators: dict[int, KeyByOperator] = {}
    for edge in descriptor.inputs:
        if edge.HasField("key_function"):
            function = _load(edge.key_function, KeyFunction, edge.producer_name)
            context = runtime_context(descriptor.chain[0], descriptor, job, answers)
            key_operators[edge.edge_id] = KeyByOperator(0, edge.producer_name, function, context)
    last, partition_operators = descriptor.chain[-1], {}
    for output in descriptor.outputs:
        if output.edge_id in partition_functions:
            context = runtime_context(last, descriptor, job, answers)
            made = PartitionOperator(last.id, last.name, partition_functions[output.edge_id], context)
            made.consumer = output.consumer_name
            partition_operators[output.edge_id] = made
    return OperatorChain(
        operators,
        descriptor.inputs,
        key_operators,
        emit,
        after_slice=after_slice,
        after_input=after_input,
        partition_operators=partition_operators,
    )


def _check_place_of(sink: IdempotentSinkOperator, descriptor: TaskDescriptor, job: WorkerJob) -> None:
    if sink.operator_id != descriptor.chain[0].id:
        raise OperatorError(sink.name, -1, None) from JobGraphError(
            "an IdempotentSinkFunction has to be in a task of its own: call disable_chain() on the sink"
        )
    if job.options.mode == "at_least_once":
        raise OperatorError(sink.name, -1, None) from JobGraphError(
            "records have no identity in mode at_least_once; an IdempotentSinkFunction needs exactly_once"
        )


def runtime_context(
    operator: graph.Operator, descriptor: TaskDescriptor, job: WorkerJob, answers: Answers
) -> RuntimeContext:
    """Returns the context that the operator's function is opened with."""
    return RuntimeContext(
        task_id=descriptor.task_id,
        task_index=descriptor.subtask,
        parallelism=descriptor.parallelism,
        operator_id=operator.id,
        operator_name=operator.name,
        config={**job.config, **operator.config},
        job_config=job.config,
        answers=answers,
        job_id=job.job_id,
        incarnation=descriptor.incarnation,
    )


def _build_operator(
    operator: graph.Operator,
    descriptor: TaskDescriptor,
    job: WorkerJob,
    send_collected: SendCollected,
    answers: Answers,
) -> Operator:
    if operator.kind == graph.OPERATOR_KIND_UNION:
        return UnionOperator(operator.id, operator.name)
    if operator.kind == graph.OPERATOR_KIND_COLLECT:
        encoder = Encoder(graph.LANGUAGE_PYTHON, job.types)
        return CollectOperator(operator.id, operator.name, encoder, send_collected)
    if operator.kind == graph.OPERATOR_KIND_JOIN:
        function = _load(operator.function, JoinFunction, operator.name)
        context = runtime_context(operator, descriptor, job, answers)
        return JoinOperator(operator.id, operator.name, function, context, operator.join, types=job.types)
    if operator.kind not in _USER_OPERATORS:
        kind = graph.OperatorKind.Name(operator.kind)
        raise JobGraphError(f"operator {operator.name}: this worker knows no {kind}")
    interface, operator_class = _USER_OPERATORS[operator.kind]
    function = _load(operator.function, interface, operator.name)
    if operator_class is FlatMapOperator and function.takes_collector:
        operator_class = CollectorFlatMapOperator
    if function.idempotent:
        operator_class = IdempotentSinkOperator
    context = runtime_context(operator, descriptor, job, answers)
    return operator_class(operator.id, operator.name, function, context, job.types)


def _load(descriptor: graph.FunctionDescriptor, interface: type[Function], operator: str) -> UserFunction:
    try:
        return UserFunction(descriptor, interface)
    except BaseException as error:
        raise OperatorError(operator, -1, None) from error
