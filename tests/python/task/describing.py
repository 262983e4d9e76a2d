"""Describes the tasks of a small job, as a planner would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anabranch.api import functions as api
from anabranch.api.descriptors import python_function
from anabranch.operators.job import WorkerJob
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as graph

TOKEN = bytes(32)

_INTERFACES = {
    "source": api.SourceFunction,
    "map": api.MapFunction,
    "flat_map": api.FlatMapFunction,
    "key_by": api.KeyFunction,
    "reduce": api.ReduceFunction,
    "sink": api.SinkFunction,
}


class TestJob:
    """The descriptors of tasks, their channels, and the options that they run with."""

    __test__ = False

    def __init__(self, directory: Path, **options: Any) -> None:
        self.tasks: list[control.TaskDescriptor] = []
        self._directory = directory
        self._options = {
            f"anabranch.{name.replace('__', '.').replace('_', '-')}": str(options[name]) for name in options
        }
        self._operators = self._edges = self._channels = 0

    def operator(self, kind: str, function: Any = None) -> graph.Operator:
        """An operator, named after its kind and number."""
        self._operators += 1
        made = graph.Operator(
            id=self._operators,
            name=f"{kind}#{self._operators}",
            kind=graph.OperatorKind.Value(f"OPERATOR_KIND_{kind.upper()}"),
            language=graph.LANGUAGE_PYTHON,
        )
        if function is not None:
            made.function.CopyFrom(python_function(function, _INTERFACES[kind], kind))
        return made

    def chain(self, *operators: graph.Operator, parallelism: int = 1) -> list[control.TaskDescriptor]:
        """Adds a task per subtask of a chain of operators; they are numbered from 1."""
        added = [
            control.TaskDescriptor(
                task_id=len(self.tasks) + subtask + 1,
                name=f"task {len(self.tasks) + subtask + 1}",
                incarnation=1,
                subtask=subtask,
                parallelism=parallelism,
                max_parallelism=128,
                chain=operators,
            )
            for subtask in range(parallelism)
        ]
        self.tasks += added
        return added

    def edge(
        self,
        producers: list[control.TaskDescriptor],
        consumers: list[control.TaskDescriptor],
        kind: str = "forward",
        *,
        keys: bool = False,
    ) -> None:
        """Connects each producer with each consumer; producers were described before, with all that is upstream."""
        self._edges += 1
        for producer in producers:
            producer.outputs.add(
                edge_id=self._edges,
                partitioning=graph.Partitioning(kind=graph.Partitioning.Kind.Value(f"KIND_{kind.upper()}")),
                carries_keys=keys,
                consumer_language=graph.LANGUAGE_PYTHON,
                consumer_name=consumers[0].chain[0].name,
            )
        for consumer in consumers:
            consumer.inputs.add(
                edge_id=self._edges,
                carries_keys=keys,
                producer_language=graph.LANGUAGE_PYTHON,
                producer_name=producers[0].chain[-1].name,
            )
            upstream = set(consumer.upstream_tasks)
            for producer in producers:
                self._channels += 1
                producer.outputs[-1].channels.add(channel=self._channels, peer_task=consumer.task_id)
                consumer.inputs[-1].channels.add(channel=self._channels, peer_task=producer.task_id)
                upstream |= {producer.task_id, *producer.upstream_tasks}
            consumer.upstream_tasks[:] = sorted(upstream)

    def context(self) -> WorkerJob:
        """What the tasks have in common."""
        setup = control.JobSetup(
            job_id="job",
            job_name="job",
            config=self._options,
            socket_dir=str(self._directory),
            listen_host="127.0.0.1",
        )
        return WorkerJob.from_setup(setup, TOKEN)
