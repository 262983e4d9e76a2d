"""Starts the workers of a job as Ray actors. Uses Ray's public Python API only, in the actor of the job master."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anabranch.config import Options
from anabranch.errors import AnabranchError, ConfigError, JavaNotFoundError
from anabranch.launch.launcher import LOST, WorkerProcess, WorkerSpec
from anabranch.launch.ray import java_flags, nodes
from anabranch.launch.ray.placement import STRATEGIES, Bundle, bundles_of, cannot_be_placed, needs_of
from anabranch.launch.ray.worker_actors import JvmWorkerActor, PythonWorkerActor
from anabranch.plan import ExecutionPlan
from anabranch.threads import in_thread
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, Artifact, JobGraph

JAVA_ACTOR = "org.anabranch.runtime.ray.RayWorker"

_NODE_TIMEOUT = 60.0
_CLEAN_UP_TIMEOUT = 30.0  # a node under load takes a while to start the process that removes the files
_PLACE_LOOK = 0.02
_DUMP_TIMEOUT = 5.0
_DUMP_DELAY = 2.0  # what a JVM does at its start is over after this


@dataclass(frozen=True)
class ActorNames:
    """What the actors and the placement group of one job are called."""

    namespace: str
    job_id: str

    @property
    def placement_group(self) -> str:
        """Name of the placement group."""
        return f"anabranch:{self.job_id}"

    def worker(self, worker_id: str) -> str:
        """Returns the name of a worker's actor."""
        return f"worker:{self.job_id}:{worker_id}"


class RayLauncher:
    """Starts workers on the nodes of a Ray cluster. See `Launcher` for the contract.

    Nodes need the package anabranch. The job's code is brought to them through Ray's object store.
    """

    def __init__(
        self,
        ray: Any,
        options: Options,
        graph: JobGraph,
        *,
        names: ActorNames,
        packages: dict[str, tuple[str, Any]],
        paths: Sequence[str],
        directory: str,
        class_archive: str,
        on_error: Callable[[str, str], None],
    ) -> None:
        """Creates a launcher; nothing happens until `prepare`.

        Args:
            ray: The module, connected.
            options: The job's options.
            graph: The job; its artifacts are named by their content hash.
            names: What to call the actors.
            packages: By content hash the file name and the reference of each piece of code.
            paths: The driver's module search path.
            directory: Name of the job's directory on the nodes; nobody else can know it before it is there.
            class_archive: File for the class data archive of Ray's JVMs, or empty.
            on_error: Takes a worker's id and what Ray says of its actor's end.
        """
        self._on_error = on_error
        self._ray = ray
        self._options = options
        self._graph = graph
        self._names = names
        self._packages = packages
        self._paths = list(paths)
        self._class_archive = class_archive
        self._plan: ExecutionPlan | None = None
        self._group: Any = None
        self._bundle_of: dict[str, int] = {}
        self._node_of: dict[str, tuple[str, str]] = {}  # by worker the id and the address of its node
        self._code: Any = None  # in Ray's object store
        self._ready_nodes: set[str] = set()
        self._workers: list[RayWorkerProcess] = []
        self._dump: asyncio.Task[None] | None = None
        self.listen_host = str(ray.util.get_node_ip_address())
        self._directory = str(Path(tempfile.gettempdir(), directory))
        self.socket_dir = self._directory
        self.artifacts = [
            Artifact(
                kind=artifact.kind,
                path=str(nodes.place_of(self._directory, artifact.content_hash, packages[artifact.content_hash][0])),
            )
            for artifact in graph.artifacts
        ]

    def listen_host_of(self, worker_id: str) -> str:  # noqa: D102
        return self._node_of[worker_id][1]

    @property
    def several_hosts(self) -> bool:  # noqa: D102
        return len({address for _, address in self._node_of.values()}) > 1

    async def prepare(self, plan: ExecutionPlan) -> None:  # noqa: D102
        self._plan = plan
        bundles = bundles_of(plan, self._options.text("anabranch.ray.strategy"))
        self._bundle_of = {worker: index for index, bundle in enumerate(bundles) for worker in bundle.workers}
        usable = await self._nodes_with_java() if any(bundle.needs_java for bundle in bundles) else None
        self._group = self._find_group() or self._make_group(bundles, usable)
        await self._await_place(bundles)
        contents = await asyncio.gather(*(answer(reference) for _, reference in self._packages.values()))
        packages = [(each, name, content) for (each, (name, _)), content in zip(self._packages.items(), contents)]  # noqa: B905
        self._code = self._ray.put(packages)
        places = self._places()
        self._node_of = {worker: places[index] for worker, index in self._bundle_of.items()}
        await asyncio.gather(*(self._set_up(node) for node, _ in set(places.values())))

    async def start(self, spec: WorkerSpec) -> WorkerProcess:  # noqa: D102
        actor = self._find_actor(spec.worker_id) or self._make_actor(spec)
        try:
            pid = await asyncio.wait_for(self._start(actor, spec), self._place_timeout)
        except asyncio.TimeoutError:
            self._ray.kill(actor)
            raise ConfigError(f"Ray has not started worker {spec.worker_id} within {self._place_timeout:g} s") from None
        except self._ray.exceptions.RayError as error:
            raise AnabranchError(f"worker {spec.worker_id} could not be started: {_first_lines(error)}") from error
        worker = RayWorkerProcess(self._ray, actor, pid=pid, on_error=lambda text: self._on_error(spec.worker_id, text))
        self._workers.append(worker)
        if spec.language == LANGUAGE_JAVA and self._class_archive and self._dump is None:
            self._dump = asyncio.ensure_future(self._dump_class_archives())
        return worker

    async def _start(self, actor: Any, spec: WorkerSpec) -> int:
        if spec.place_of:
            await answer(actor.ready.remote())
            # Where Ray has put it is another node than before if that one was lost.
            self._node_of[spec.worker_id] = self._places()[self._bundle_of[spec.place_of]]
            await self._set_up(self._node_of[spec.worker_id][0])
        return int(await answer(actor.start.remote(spec.worker_id, spec.master, spec.token)))

    async def close(self) -> None:  # noqa: D102
        if self._dump is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._dump, _DUMP_TIMEOUT)
        await self.remove_all()

    async def remove_all(self) -> None:
        """Kills every actor of the job, gives its place back and removes its files, whoever has made them."""
        assert self._plan is not None or not self._workers  # noqa: S101 - what is started was planned
        for worker in self._workers:
            worker.kill()
        prefix = self._names.worker("")
        for named in self._ray.util.list_named_actors(all_namespaces=True):
            if named["namespace"] == self._names.namespace and named["name"].startswith(prefix):
                actor = self._find_actor(named["name"].removeprefix(prefix))
                if actor is not None:
                    self._ray.kill(actor)
        group = self._group or self._find_group()
        if group is not None:
            self._ray.util.remove_placement_group(group)
        cleaned = [self._on_node(node, nodes.clean_up, self._directory) for node in self._job_nodes]
        with contextlib.suppress(asyncio.TimeoutError, AnabranchError):  # a lost node took its files with it
            await asyncio.wait_for(asyncio.gather(*cleaned, return_exceptions=True), _CLEAN_UP_TIMEOUT)

    @property
    def _job_nodes(self) -> list[str]:
        return sorted(self._ready_nodes)

    @property
    def _place_timeout(self) -> float:
        return self._options.integer("anabranch.ray.place-timeout-ms") / 1000

    # ------------------------------------------------------------------ place

    async def _nodes_with_java(self) -> list[str]:
        """Returns the nodes that Java workers can run on."""
        alive = [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]
        host = self._options.text("anabranch.java-host")
        problems = await asyncio.gather(
            *(self._on_node(node, nodes.look_for_java, host, self._options.to_map()) for node in alive)
        )
        usable = [node for node, problem in zip(alive, problems) if problem is None]  # noqa: B905
        if not usable:
            raise JavaNotFoundError(f"no node of the Ray cluster can run Java operators: {problems[0]}")
        return usable if len(usable) < len(alive) else []

    def _make_group(self, bundles: Sequence[Bundle], usable: list[str] | None) -> Any:
        selectors = None
        if usable:
            here = {"ray.io/node-id": f"in({', '.join(usable)})"}
            selectors = [here if bundle.needs_java else {} for bundle in bundles]
        return self._ray.util.placement_group(
            [bundle.resources for bundle in bundles],
            strategy=STRATEGIES[self._options.text("anabranch.ray.strategy")],
            name=self._names.placement_group,
            lifetime="detached",
            bundle_label_selector=selectors,
        )

    def _find_group(self) -> Any | None:
        with contextlib.suppress(ValueError):
            return self._ray.util.get_placement_group(self._names.placement_group)
        return None

    async def _await_place(self, bundles: Sequence[Bundle]) -> None:
        deadline = time.monotonic() + self._place_timeout
        while not await in_thread(self._group.wait, _PLACE_LOOK):
            if time.monotonic() >= deadline:
                alive = [node for node in self._ray.nodes() if node["Alive"]]
                free = self._ray.available_resources()
                raise ConfigError(cannot_be_placed(bundles, alive, free, self._place_timeout))

    def _places(self) -> dict[int, tuple[str, str]]:
        """Returns for each bundle that has a place the id and the address of its node."""
        addresses = {node["NodeID"]: str(node["NodeManagerAddress"]) for node in self._ray.nodes()}
        nodes_of_bundles = self._ray.util.placement_group_table(self._group)["bundles_to_node_id"]
        return {index: (node, addresses[node]) for index, node in nodes_of_bundles.items() if node in addresses}

    async def _set_up(self, node: str) -> None:
        """Brings the job's code to a node, once."""
        if node not in self._ready_nodes:
            await self._on_node(node, nodes.set_up, self._directory, self._code)
            self._ready_nodes.add(node)

    async def _on_node(self, node: str, function: Any, *arguments: Any) -> Any:
        """Runs a function of `nodes` on a node."""
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        task = self._ray.remote(function).options(num_cpus=0, max_retries=1, scheduling_strategy=strategy)
        try:
            return await asyncio.wait_for(answer(task.remote(*arguments)), _NODE_TIMEOUT)
        except asyncio.TimeoutError:
            raise AnabranchError(f"Ray node {node} has not answered within {_NODE_TIMEOUT:g} s") from None
        except self._ray.exceptions.RayError as error:
            raise AnabranchError(f"Ray node {node}: {_first_lines(error)}") from error

    # ------------------------------------------------------------------ actors

    def _find_actor(self, worker_id: str) -> Any | None:
        with contextlib.suppress(ValueError):
            return self._ray.get_actor(self._names.worker(worker_id), namespace=self._names.namespace)
        return None

    def _make_actor(self, spec: WorkerSpec) -> Any:
        assert self._plan is not None  # noqa: S101 - `prepare` comes first
        place = spec.place_of or spec.worker_id
        worker = next(worker for worker in self._plan.workers if worker.worker_id == place)
        # What takes the place of another has its resources; those are not counted twice.
        needs = {} if spec.place_of else needs_of(worker, self._plan)
        options = {
            "name": self._names.worker(spec.worker_id),
            "namespace": self._names.namespace,
            # It outlives the process of the job master, which may be started again.
            "lifetime": "detached",
            "max_concurrency": 4,
            "num_cpus": needs.pop("CPU", 0),
            "num_gpus": needs.pop("GPU", 0),
            "memory": needs.pop("memory", None),
            "resources": needs,
            "scheduling_strategy": self._ray.util.scheduling_strategies.PlacementGroupSchedulingStrategy(
                self._group, placement_group_bundle_index=self._bundle_of[place]
            ),
        }
        if spec.language != LANGUAGE_JAVA:
            return self._ray.remote(PythonWorkerActor).options(**options).remote(self._paths)
        if self._options.text("anabranch.java-host") == "py4j":
            return self._ray.remote(JvmWorkerActor).options(**options).remote(self._options.to_map())
        return self._ray.java_actor_class(JAVA_ACTOR).options(**options).remote()

    async def _dump_class_archives(self) -> None:
        await asyncio.sleep(_DUMP_DELAY)
        collector, class_path = java_flags.collector(self._options), java_flags.class_path(self._ray)
        arguments = (self._class_archive, class_path, collector)
        with contextlib.suppress(AnabranchError):
            await asyncio.gather(
                *(self._on_node(node, nodes.dump_class_archive, *arguments) for node in self._job_nodes)
            )


class RayWorkerProcess:
    """A worker in an actor. See `WorkerProcess` for the contract."""

    def __init__(self, ray: Any, actor: Any, *, pid: int, on_error: Callable[[str], None]) -> None:
        self.pid = pid
        self._on_error = on_error
        self._ray = ray
        self._actor = actor
        self._exit_code: int | None = None
        self._watch = asyncio.ensure_future(self._await_end())

    def poll(self) -> int | None:  # noqa: D102
        return self._exit_code

    def kill(self) -> None:  # noqa: D102
        with contextlib.suppress(Exception):  # it is gone already, or Ray is
            self._ray.kill(self._actor)
        if self._exit_code is None:
            self._exit_code = -9
        self._watch.cancel()

    def drained(self) -> bool:
        """Returns True: lines come on the control stream, ahead of its end."""
        return True

    async def _await_end(self) -> None:
        try:
            self._exit_code = int(await answer(self._actor.ended.remote()))
        except self._ray.exceptions.RayError as error:
            self._on_error(_first_lines(error))
            self._exit_code = LOST


async def answer(reference: Any) -> Any:
    """Waits for a call's result without blocking the event loop."""
    return await asyncio.wrap_future(reference.future())


def _first_lines(error: Exception) -> str:
    return "\n".join(str(error).strip().splitlines()[:20])
