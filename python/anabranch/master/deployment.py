"""Sends workers their tasks, and tells the tasks where their producers are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from anabranch.config import Options
from anabranch.launch.launcher import Launcher
from anabranch.master import open_files
from anabranch.master.assignment import Assignment
from anabranch.master.execution import Execution
from anabranch.master.job_life import JobLife
from anabranch.master.recovery_watch import RecoveryWatch
from anabranch.master.worker import Worker
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import JobGraph


class Deployment:
    """Brings tasks to their workers, in two steps: all are deployed, then each is told whom to dial."""

    def __init__(
        self,
        job_id: str,
        graph: JobGraph,
        options: Options,
        assignment: Assignment,
        launcher: Launcher,
        *,
        recovery_watch: RecoveryWatch,
        life: JobLife,
        reconnect_timeout_ms: int,
    ) -> None:
        """Has sent nothing yet.

        Args:
            job_id: Of the job.
            graph: The job.
            options: Its options.
            assignment: Who has which task.
            launcher: Knows where the workers are.
            recovery_watch: Hears which tasks are to be deployed, and are.
            life: Of the job.
            reconnect_timeout_ms: How long workers go on without a master.
        """
        self._job_id = job_id
        self._graph = graph
        self._options = options
        self._assignment = assignment
        self._launcher = launcher
        self._recovery_watch = recovery_watch
        self._life = life
        self._reconnect_timeout_ms = reconnect_timeout_ms

    def set_up(self, worker: Worker) -> None:
        """Sends a worker what all tasks have in common."""
        setup = control.JobSetup(
            job_id=self._job_id,
            job_name=self._graph.name,
            config={**self._graph.config, **self._options.to_map(), **self._absolute_places()},
            types=self._graph.types,
            python_modules=self._graph.python_modules,
            artifacts=self._launcher.artifacts,
            socket_dir=self._launcher.socket_dir,
            listen_host=self._launcher.listen_host_of(worker.worker_id),
            several_hosts=self._launcher.several_hosts,
            reconnect_timeout_ms=self._reconnect_timeout_ms,
        )
        worker.send(control.MasterMessage(setup=setup))

    def _absolute_places(self) -> dict[str, str]:
        """Returns the directory of checkpoints so that workers mean the same one, whatever user code does."""
        option = "anabranch.checkpoint.dir"
        place = self._options.text(option)
        return {option: str(Path(place).absolute())} if place and ":" not in place else {}

    def deploy(self, worker: Worker, task_ids: Iterable[int]) -> None:
        """Sends a worker incarnations of its tasks, each once: it may come just when it is to be told of them."""
        shortage = open_files.shortage(
            worker.worker_id,
            worker.language,
            [self._assignment.tasks[task].descriptor for task in worker.plan.task_ids],
            worker.max_open_files,
            several_hosts=self._launcher.several_hosts,
        )
        if shortage is not None:
            self._life.fail(shortage)
            return
        for task in (self._assignment.tasks[task_id] for task_id in task_ids):
            if task.deployed_incarnation != task.descriptor.incarnation:
                task.deployed_incarnation = task.descriptor.incarnation
                worker.send(control.MasterMessage(deploy_task=task.descriptor))

    def deploy_again(self, task_ids: Collection[int]) -> None:
        """Deploys the new incarnations of tasks; a worker that is not connected hears of its own once it comes."""
        self._recovery_watch.deploys(self._assignment.tasks.recovering.intersection(task_ids))
        for worker in self._assignment.workers.values():
            if worker.stream is not None:
                self.deploy(worker, [task for task in worker.plan.task_ids if task in task_ids])

    def deployed(self, deployed: control.TaskDeployed) -> None:
        """A task is deployed. Once all are, each is told where its producers are, or which of them have moved."""
        tasks = self._assignment.tasks
        task = tasks[deployed.task_id]
        if not task.is_current(deployed.incarnation):
            return
        task.state = control.TASK_STATE_CREATED
        task.endpoint = deployed.endpoint
        self._recovery_watch.deployed(task.task_id)
        if any(each.endpoint is None for each in tasks.values()):
            return
        for each in tasks.values():
            connections = self._connections(each, only_moved=each.connected)
            if connections.producers or not each.connected:
                each.connected = True
                each.worker.send(control.MasterMessage(connect_task=connections))
        for each in tasks.values():
            each.moved = False

    def _connections(self, task: Execution, *, only_moved: bool) -> control.ConnectTask:
        """Returns where a task finds its producers, or those that have moved."""
        connect = control.ConnectTask(task_id=task.task_id)
        for edge in task.descriptor.inputs:
            for channel in edge.channels:
                producer = self._assignment.tasks[channel.peer_task]
                if producer.moved or not only_moved:
                    connect.producers.add(
                        channel=channel.channel,
                        incarnation=producer.descriptor.incarnation,
                        endpoint=self._endpoint_for(task, producer),
                    )
        return connect

    def _endpoint_for(self, consumer: Execution, producer: Execution) -> control.Endpoint:
        """Returns where a consumer finds a producer: at its Unix socket if both are on one host."""
        endpoint = producer.endpoint
        assert endpoint is not None  # noqa: S101 - all tasks are deployed
        hosts = {self._launcher.listen_host_of(task.worker.worker_id) for task in (consumer, producer)}
        if len(hosts) == 1 or not endpoint.tcp_host:
            return endpoint
        return control.Endpoint(tcp_host=endpoint.tcp_host, tcp_port=endpoint.tcp_port, nonce=endpoint.nonce)
