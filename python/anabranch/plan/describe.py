"""The execution plan as text."""

from __future__ import annotations

from collections.abc import Iterator

from anabranch.plan.execution_plan import ExecutionPlan
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.control_pb2 import OutputEdge, TaskDescriptor


def describe(plan: ExecutionPlan) -> str:
    """Returns the plan: chains with their operators and outputs, then workers with their tasks."""
    tasks = plan.tasks
    lines = [f"job {plan.job_name}: {len(plan.chains)} chains, {len(tasks)} tasks, {len(plan.workers)} workers"]
    chain_of = {task.task_id: number for number, chain in enumerate(plan.chains, 1) for task in chain}
    for number, chain in enumerate(plan.chains, 1):
        lines += ["", *_chain(number, chain, chain_of)]
    lines.append("")
    names = {task.task_id: task.name for task in tasks}
    for worker in plan.workers:
        lines.append(f"worker {worker.worker_id}:")
        lines += [f"  task {task}: {names[task]}" for task in worker.task_ids]
    return "\n".join(lines)


def _chain(number: int, chain: tuple[TaskDescriptor, ...], chain_of: dict[int, int]) -> Iterator[str]:
    first = chain[0]
    yield f"chain {number}: {_language(first.chain[0].language)}, parallelism {first.parallelism}"
    for operator in first.chain:
        kind = pb.OperatorKind.Name(operator.kind).removeprefix("OPERATOR_KIND_").lower()
        function = f" {operator.function.display_name}" if operator.function.display_name else ""
        yield f"  {operator.name}: {kind}{function}"
    for edge in first.outputs:
        yield f"  => chain {chain_of[edge.channels[0].peer_task]} ({_edge(edge, first)})"


def _edge(edge: OutputEdge, task: TaskDescriptor) -> str:
    words = [pb.Partitioning.Kind.Name(edge.partitioning.kind).removeprefix("KIND_").lower()]
    producer = task.chain[0].language
    if edge.consumer_language != producer:
        words.append(f"{_language(producer)} to {_language(edge.consumer_language)}")
    if edge.carries_keys:
        words.append("carries keys")
    return ", ".join(words)


def _language(language: pb.Language) -> str:
    return "Java" if language == pb.LANGUAGE_JAVA else "Python"
