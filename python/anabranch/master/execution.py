"""The tasks of a job as its master sees them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass

from anabranch.master.worker import Worker
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import OPERATOR_KIND_COLLECT

_LIVE = (control.TASK_STATE_RUNNING, control.TASK_STATE_FINISHED)


@dataclass
class Deaths:
    """How often a task has died since a checkpoint.

    Attributes:
        checkpoint: The last one when the first of the deaths happened.
        times: How many deaths.
        since: When the first one happened, of `time.monotonic`.
    """

    checkpoint: int
    times: int
    since: float


@dataclass(frozen=True)
class FailedRecord:
    """At which record an operator has failed, and the last checkpoint then."""

    operator: str
    record: str
    position: int
    checkpoint: int

    def is_again(self, before: FailedRecord | None) -> bool:
        """Returns whether it is the same record as before.

        Not by its position alone: a task that nobody listens to may take its input in another order. And not by what
        it looks like alone: others may look the same, but only if there was time for them.
        """
        if before is None or not self.record or (before.operator, before.record) != (self.operator, self.record):
            return False
        return self.checkpoint == before.checkpoint or self.position == before.position


@dataclass(eq=False)
class Execution:
    """One task: what it is, who runs it, and how far it is.

    Attributes:
        descriptor: What its worker is sent; its incarnation grows with each recovery.
        worker: Who has it.
        state: What its worker has said last of this incarnation.
        endpoint: Where it accepts its consumers; None until this incarnation is deployed.
        report: The last one of this incarnation.
        connected: This incarnation has had its ConnectTask.
        recovering: This incarnation follows another one and is not live yet.
        deployed_incarnation: The one that a worker was sent last.
        moved: It was deployed again, and its consumers do not know yet where it is.
        committed: Its sinks have committed what belongs to the checkpoint at the end.
        deaths: Of its workers, since the last checkpoint.
        failed_at: The record at which it has failed last.
    """

    descriptor: control.TaskDescriptor
    worker: Worker
    state: control.TaskState = control.TASK_STATE_UNSPECIFIED
    endpoint: control.Endpoint | None = None
    report: control.TaskReport | None = None
    connected: bool = False
    recovering: bool = False
    deployed_incarnation: int | None = None
    moved: bool = False
    committed: bool = False
    deaths: Deaths | None = None
    failed_at: FailedRecord | None = None

    @property
    def task_id(self) -> int:
        """Unique in the job."""
        return self.descriptor.task_id

    @property
    def name(self) -> str:
        """What users call it."""
        return self.descriptor.name

    @property
    def is_live(self) -> bool:
        """True if it runs, or has finished."""
        return self.state in _LIVE

    @property
    def collects(self) -> bool:
        """True if it sends records to the client."""
        return any(operator.kind == OPERATOR_KIND_COLLECT for operator in self.descriptor.chain)

    def is_current(self, incarnation: int) -> bool:
        """Returns whether what an incarnation says is said of the task: those before the last one are gone."""
        return incarnation == self.descriptor.incarnation

    def begin_again(self, snapshot: control.Snapshot) -> None:
        """Makes it ready to be deployed as a new incarnation with its state of a checkpoint."""
        self.descriptor.incarnation += 1
        self.descriptor.restore.CopyFrom(snapshot)
        self.descriptor.restore.SetInParent()  # also at the start: it says that there was an incarnation before
        self.state = control.TASK_STATE_UNSPECIFIED
        self.endpoint = None
        self.report = None
        self.connected = False
        self.recovering = True
        self.moved = True

    def gets_on(self, report: control.TaskReport) -> bool:
        """Returns whether a new report says that it handles records, or waits for others to do so."""
        before = self.report
        return report.busy_ms > 0 or report.backpressured or before is None or before.operators != report.operators


class Executions(Mapping[int, Execution]):
    """All tasks of a job by their ids, in the order of the plan.

    Attributes:
        consumers: By task id those that it sends to.
    """

    def __init__(self, tasks: Iterable[control.TaskDescriptor], worker_of: Mapping[int, Worker]) -> None:
        self._by_id = {task.task_id: Execution(task, worker_of[task.task_id]) for task in tasks}
        self.consumers = {
            task.task_id: frozenset(channel.peer_task for edge in task.descriptor.outputs for channel in edge.channels)
            for task in self.values()
        }

    def __getitem__(self, task_id: int) -> Execution:
        return self._by_id[task_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def values(self) -> ValuesView[Execution]:  # noqa: D102 - quicker than that of a mapping
        return self._by_id.values()

    def items(self) -> ItemsView[int, Execution]:  # noqa: D102
        return self._by_id.items()

    @property
    def all_finished(self) -> bool:
        """True once every task has handled all of its input."""
        return all(task.state == control.TASK_STATE_FINISHED for task in self.values())

    @property
    def all_run(self) -> bool:
        """True once every task runs, or has finished."""
        return all(task.state in _LIVE for task in self.values())

    @property
    def recovering(self) -> set[int]:
        """The ids of those that are not live again."""
        return {task.task_id for task in self.values() if task.recovering}

    @property
    def descriptors(self) -> dict[int, control.TaskDescriptor]:
        """What they are."""
        return {task_id: task.descriptor for task_id, task in self.items()}

    @property
    def reports(self) -> dict[int, control.TaskReport]:
        """The last reports of those that have sent one."""
        return {task_id: task.report for task_id, task in self.items() if task.report is not None}

    def names(self, task_ids: Iterable[int]) -> str:
        """Returns what users call these tasks."""
        return ", ".join(self[task_id].name for task_id in task_ids)
