"""From a job graph to an execution plan."""

from __future__ import annotations

from graphlib import TopologicalSorter

from anabranch.config import Options
from anabranch.graph.validation import validate
from anabranch.plan.chaining import chains, resolve
from anabranch.plan.execution_plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.control_pb2 import InputEdge, OutputEdge, TaskDescriptor

_USES_KEYS = (
    pb.OPERATOR_KIND_REDUCE,
    pb.OPERATOR_KIND_AGGREGATE,
    pb.OPERATOR_KIND_JOIN,
    pb.OPERATOR_KIND_PROCESS,
)
_ONE_TO_ONE = pb.Partitioning.KIND_FORWARD


def plan_job(graph: pb.JobGraph, options: Options) -> ExecutionPlan:
    """Plans a job. The same graph and options always give the same plan.

    Raises:
        JobGraphError: The graph is not valid.
        ConfigError: Options contradict each other.
    """
    options.check()
    max_parallelism = options.integer("anabranch.max-parallelism")
    validate(graph, max_parallelism)
    operators = {operator.id: operator for operator in graph.operators}
    tasks_of: dict[int, tuple[TaskDescriptor, ...]] = {}  # by operator, the tasks whose chain it is in
    planned = []
    next_task = 1
    for chain in chains(graph):
        tasks = tuple(
            _task(chain, next_task + subtask, subtask, max_parallelism) for subtask in range(chain[0].parallelism)
        )
        next_task += len(tasks)
        planned.append(tasks)
        tasks_of.update(dict.fromkeys((operator.id for operator in chain), tasks))
    next_channel = 1
    for edge in graph.edges:
        producers, consumers = tasks_of[edge.source], tasks_of[edge.target]
        if producers is not consumers:
            next_channel = _connect(edge, operators, producers, consumers, next_channel)
    if options.mode == "exactly_once" and options.integer("anabranch.recovery.sharing-depth") == 0:
        _name_upstream([task for tasks in planned for task in tasks])
    return ExecutionPlan(graph.name, tuple(planned), _assign(tuple(planned), options))


def _task(chain: list[pb.Operator], task_id: int, subtask: int, max_parallelism: int) -> TaskDescriptor:
    parallelism = chain[0].parallelism
    name = " -> ".join(operator.name for operator in chain)
    return TaskDescriptor(
        task_id=task_id,
        name=f"{name} ({subtask + 1}/{parallelism})",
        subtask=subtask,
        parallelism=parallelism,
        max_parallelism=max_parallelism,
        chain=chain,
    )


def _connect(
    edge: pb.Edge,
    operators: dict[int, pb.Operator],
    producers: tuple[TaskDescriptor, ...],
    consumers: tuple[TaskDescriptor, ...],
    first_channel: int,
) -> int:
    """Adds the channels of an edge to the tasks at both ends; returns the next free channel number."""
    source, target = operators[edge.source], operators[edge.target]
    keyed = target.kind in _USES_KEYS and edge.partitioning.kind == pb.Partitioning.KIND_KEY
    # The consumer computes the key itself where it can: that costs less than to send it.
    carries_keys = keyed and source.language != target.language
    partitioning = pb.Partitioning()
    partitioning.CopyFrom(edge.partitioning)
    partitioning.kind = resolve(edge, operators)
    inputs = []
    for consumer in consumers:
        added = InputEdge(
            edge_id=edge.id,
            input=edge.input,
            carries_keys=carries_keys,
            key_function=source.function if keyed and not carries_keys else None,
            producer_language=source.language,
            producer_name=source.name,
        )
        consumer.inputs.append(added)
        inputs.append(consumer.inputs[-1])
    channel = first_channel
    for index, producer in enumerate(producers):
        output = OutputEdge(
            edge_id=edge.id,
            partitioning=partitioning,
            carries_keys=carries_keys,
            consumer_language=target.language,
            consumer_name=target.name,
            dead_letters=edge.dead_letters,
        )
        targets = [index] if partitioning.kind == _ONE_TO_ONE else range(len(consumers))
        for position in targets:
            output.channels.add(channel=channel, peer_task=consumers[position].task_id)
            inputs[position].channels.add(channel=channel, peer_task=producer.task_id)
            channel += 1
        producer.outputs.append(output)
    return channel


def _name_upstream(tasks: list[TaskDescriptor]) -> None:
    producers = {
        task.task_id: {channel.peer_task for edge in task.inputs for channel in edge.channels} for task in tasks
    }
    by_id = {task.task_id: task for task in tasks}
    upstream: dict[int, set[int]] = {}
    for task_id in TopologicalSorter(producers).static_order():
        direct = producers[task_id]
        upstream[task_id] = direct.union(*(upstream[producer] for producer in direct))
        by_id[task_id].upstream_tasks.extend(sorted(upstream[task_id]))


def _assign(planned: tuple[tuple[TaskDescriptor, ...], ...], options: Options) -> tuple[WorkerPlan, ...]:
    workers: list[WorkerPlan] = []
    for language, name in ((pb.LANGUAGE_PYTHON, "python"), (pb.LANGUAGE_JAVA, "java")):
        # Neighbours in a pipeline first: they share a worker, or at least a host.
        ordered = sorted((task for chain in planned for task in chain), key=lambda task: (task.subtask, task.task_id))
        tasks = [task.task_id for task in ordered if task.chain[0].language == language]
        size = options.integer(f"anabranch.{name}.tasks-per-worker") or max(1, len(tasks))
        workers += [
            WorkerPlan(f"{name}-{start // size + 1}", language, tuple(tasks[start : start + size]))
            for start in range(0, len(tasks), size)
        ]
    return tuple(workers)
