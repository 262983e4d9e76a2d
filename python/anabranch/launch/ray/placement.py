"""Where on a Ray cluster the workers of a job are to run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA

STRATEGIES = {"pipeline": "PACK", "spread": "SPREAD"}

_RAY_NAMES = {"num_cpus": "CPU", "num_gpus": "GPU"}
# A bundle must ask for something; a worker that says nothing competes with nobody.
_NEXT_TO_NOTHING = {"CPU": 0.001}


@dataclass(frozen=True)
class Bundle:
    """Workers that share a node.

    Attributes:
        resources: What they need together, by Ray's names.
        workers: Their ids.
        needs_java: True if one of them is a Java worker.
    """

    resources: dict[str, float]
    workers: tuple[str, ...]
    needs_java: bool


def needs_of(worker: WorkerPlan, plan: ExecutionPlan) -> dict[str, float]:
    """Returns the resources of one worker by Ray's names: the sum over the operators of its tasks."""
    needs: dict[str, float] = defaultdict(float)
    for task in plan.tasks:
        if task.task_id in worker.task_ids:
            for operator in task.chain:
                for name, amount in operator.resources.items():
                    needs[_RAY_NAMES.get(name, name)] += amount
    return dict(needs)


def bundles_of(plan: ExecutionPlan, strategy: str) -> list[Bundle]:
    """Returns the bundles of a job.

    With `pipeline` the workers of one parallel index share a bundle, so that what flows between them stays on one
    node. A worker whose tasks have several indices has a bundle of its own, as every worker has with `spread`.
    """
    subtask_of = {task.task_id: task.subtask for task in plan.tasks}
    groups: dict[object, list[WorkerPlan]] = defaultdict(list)
    for worker in plan.workers:
        indices = {subtask_of[task] for task in worker.task_ids}
        alone = strategy == "spread" or len(indices) > 1
        groups[worker.worker_id if alone else min(indices)].append(worker)
    return [_bundle(group, plan) for group in groups.values()]


def cannot_be_placed(
    bundles: Sequence[Bundle],
    nodes: Sequence[Mapping[str, object]],
    free: Mapping[str, float],
    seconds: float,
) -> str:
    """Returns the message for a job that the cluster had no place for in time.

    Args:
        bundles: What it asked for.
        nodes: The nodes of the cluster, as `ray.nodes()` returns them.
        free: What is free in the whole cluster.
        seconds: How long it has waited.
    """
    lines = [f"Ray could not schedule the workers within {seconds:g} s. Required:"]
    lines += [f"  {_amounts(bundle.resources)} on one node, for {', '.join(bundle.workers)}" for bundle in bundles]
    lines.append("and the cluster has")
    for node in nodes:
        resources = node["Resources"]
        assert isinstance(resources, Mapping)  # noqa: S101 - as Ray documents it
        lines.append(f"  node {node['NodeManagerAddress']}: {_amounts(resources)}")
    lines.append(f"of which free: {_amounts(free)}")
    lines.append("Ask for less (with_resource), add nodes, or wait longer (option anabranch.ray.place-timeout-ms).")
    return "\n".join(lines)


def _bundle(workers: Sequence[WorkerPlan], plan: ExecutionPlan) -> Bundle:
    resources: dict[str, float] = defaultdict(float)
    for worker in workers:
        for name, amount in needs_of(worker, plan).items():
            resources[name] += amount
    return Bundle(
        resources={name: amount for name, amount in resources.items() if amount} or dict(_NEXT_TO_NOTHING),
        workers=tuple(worker.worker_id for worker in workers),
        needs_java=any(worker.language == LANGUAGE_JAVA for worker in workers),
    )


def _amounts(resources: Mapping[str, object]) -> str:
    shown = [
        f"{name} {amount:g}"
        for name, amount in sorted(resources.items())
        if isinstance(amount, (int, float)) and not name.startswith("node:") and "_group_" not in name
    ]
    return ", ".join(shown) or "nothing"
