"""Where a job is described, and from where it is run."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anabranch.api.captures import DriverOnly
from anabranch.api.cells import CELLS
from anabranch.api.datastream import StreamSource
from anabranch.api.description import Description
from anabranch.api.descriptors import python_function, saves_state
from anabranch.api.functions import SourceFunction
from anabranch.api.java_lookup import JavaFunction, JavaLookup
from anabranch.api.javastream import JavaStreamSource
from anabranch.config import Options
from anabranch.connectors.collection import CollectionSource
from anabranch.connectors.text_file import TextFileSource
from anabranch.errors import AnabranchError, JobGraphError
from anabranch.foreign_names import notes_on, notes_on_variables
from anabranch.graph import uids
from anabranch.graph.settings import checked_name, checked_parallelism
from anabranch.plan import ExecutionPlan, plan_job
from anabranch.records import TypeRegistry
from anabranch.records.classes import loaded_modules
from anabranch.v1 import graph_pb2 as pb

if TYPE_CHECKING:
    from anabranch.job import Job

T = TypeVar("T")


class StreamingContext(DriverOnly):
    """Builds jobs and runs them.

    One context may run several jobs, one after the other or at once: `submit` takes what was described so far, and the
    next stream begins the next job. Options, jars and types stay. In a notebook, a cell that fails has described
    nothing, and one that is run again replaces what it described before. Not for use by several threads at a time.
    """

    class Builder:
        """Collects options and builds a context."""

        def __init__(self) -> None:
            self._given: dict[str, Any] = {}

        def option(
            self, key: str | None = None, value: Any = None, conf: dict[str, Any] | None = None
        ) -> StreamingContext.Builder:
            """Sets one option, or all of `conf`. See `anabranch options` for those of the engine."""
            if key is not None:
                self._given[key] = value
            self._given.update(conf or {})
            return self

        def build(self) -> StreamingContext:
            """Builds the context.

            Raises:
                ConfigError: An option is unknown or its value does not fit.
            """
            return StreamingContext(self._given)

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        """Creates a context with these options; `StreamingContext.Builder` does the same.

        Raises:
            ConfigError: An option is unknown or its value does not fit.
        """
        self._given = dict(options or {})
        _say_once(notes_on_variables(os.environ))
        _say_once(notes_on(self._given))
        self._options = Options(self._given)
        self._parallelism = self._options.integer("anabranch.parallelism")
        self._artifacts: list[pb.Artifact] = []
        self._types = TypeRegistry()
        self._java = JavaLookup()
        self._description = Description()
        self._last_fate = ""  # what became of the description before
        CELLS.follow(self)

    # ------------------------------------------------------------------ settings

    def option(self, key: str, value: Any) -> StreamingContext:
        """Sets one option of the jobs to come.

        Raises:
            ConfigError: The option is unknown or its value does not fit.
        """
        self._options = Options({**self._given, key: value})
        self._given[key] = value
        _say_once(notes_on([key]))
        return self

    @property
    def parallelism(self) -> int:
        """Subtasks of a source that says nothing else."""
        return self._parallelism

    def set_parallelism(self, parallelism: int) -> StreamingContext:
        """Sets the parallelism of the sources to come; operators inherit it from the stream in front of them.

        Raises:
            JobGraphError: It is not a whole number, or less than 1.
        """
        self._parallelism = checked_parallelism(parallelism)
        return self

    def add_jar(self, path: str | Path) -> StreamingContext:
        """Adds a jar, or a directory of classes, with Java operators and all they need.

        Raises:
            JobGraphError: There is no such file.
        """
        return self._add_artifact(pb.Artifact.KIND_JAVA, path, "jar")

    def add_python_path(self, path: str | Path) -> StreamingContext:
        """Adds a directory or zip file to the workers' module search path.

        Raises:
            JobGraphError: There is no such file.
        """
        return self._add_artifact(pb.Artifact.KIND_PYTHON, path, "Python path")

    def register_type(self, cls: type, name: str | None = None) -> StreamingContext:
        """Names a class on the wire, by default after itself; give the Java class's name to bind the two.

        Args:
            cls: A dataclass, NamedTuple, msgspec.Struct, Enum or protobuf message class.
            name: The name in both languages, e.g. "com.acme.Flight". For a protobuf message: the Java class.

        Raises:
            JobGraphError: The class is none of these, or the name is taken by another.
        """
        self._types.register(cls, name)
        return self

    # ------------------------------------------------------------------ sources

    def from_values(self, *values: T) -> StreamSource[T]:
        """Returns a bounded stream of these values."""
        return self.from_collection(values)

    def from_collection(self, values: Iterable[T]) -> StreamSource[T]:
        """Returns a bounded stream of the values of any iterable; each subtask emits its own share, in order."""
        return self.source(CollectionSource(values))

    def read_text_file(self, filename: str | Path) -> StreamSource[str]:
        """Returns a bounded stream of the lines of a UTF-8 file, without their line ends.

        The subtasks read byte ranges; each line comes once, those of one subtask in order. The file must be readable,
        by the same path, wherever the source runs.

        Raises:
            JobGraphError: There is no such file here.
        """
        return self.source(TextFileSource(filename))

    def source(self, source_func: SourceFunction[T]) -> StreamSource[T]:
        """Returns a stream from a source function."""
        function = python_function(source_func, SourceFunction, "source")
        operator = self._description.add_operator(
            pb.OPERATOR_KIND_SOURCE, pb.LANGUAGE_PYTHON, self._parallelism, function
        )
        if saves_state(source_func):
            self._description.note_saving_function(operator)
        else:
            self._description.sources_without_position.append(operator)
        return StreamSource(self, operator)

    def java_source(self, java_source_func: str | JavaFunction) -> JavaStreamSource:
        """Returns a stream from a Java class that implements SourceFunction.

        Raises:
            JavaFunctionError: There is no such class, or it is not a SourceFunction.
        """
        function = self._java_function("source", java_source_func)
        operator = self._description.add_operator(
            pb.OPERATOR_KIND_SOURCE, pb.LANGUAGE_JAVA, self._parallelism, function
        )
        return JavaStreamSource(self, operator)

    # ------------------------------------------------------------------ running

    def explain(self, job_name: str = "job") -> str:
        """Prints the execution plan of what was described so far, without running anything; also returns it.

        Raises:
            JobGraphError: The job is not valid.
        """
        _, plan = self._plan(job_name)
        text = plan.describe()
        self._description.set_aside()
        print(text)  # noqa: T201 - that is what it is for
        return text

    def submit(self, job_name: str) -> Job:
        """Starts the job that was described so far; returns as soon as its workers are starting.

        Whatever comes of it, the context forgets the description: the next stream begins the next job. A script that
        ends while its job runs does not cut the job short: the process waits for it.

        Raises:
            JobGraphError: The job is not valid.
        """
        description = self._description
        try:
            job = self._start(job_name)
        except BaseException as error:
            self._begin_anew(f"job {job_name!r}, which could not be submitted; describe it again")
            is_foreign = isinstance(error, RuntimeError) and not isinstance(error, AnabranchError)
            if is_foreign and not threading.main_thread().is_alive():
                raise AnabranchError(
                    f"job {job_name!r} cannot be started any more: the script has ended, and Python starts no threads "
                    "for functions of atexit; submit it at the end of the script"
                ) from error
            raise
        for collected in description.collected:
            collected.submitted(job)
        self._begin_anew(f"a job that was submitted already, {job_name!r}")
        return job

    def _start(self, job_name: str) -> Job:
        from anabranch.client.submit import submit  # noqa: PLC0415 - describing a job needs no engine

        graph, plan = self._plan(job_name)
        if self._options.mode != "none":
            self._warn_of_weak_sources(job_name)
            self._warn_of_missing_uids(job_name)
        self._java.check_types(list(graph.types), self._types, self._jars())
        bridge = self._java.hand_over()
        try:
            return submit(graph, plan, self._options, bridge, self._types)
        except BaseException:
            if bridge is not None:
                bridge.close()
            raise

    def execute(self, job_name: str) -> None:
        """Runs the job that was described so far to its end. Ctrl-C cancels it.

        Raises:
            JobGraphError: The job is not valid.
            JobFailedError: The job failed.
            JobCancelledError: The job was cancelled.
        """
        job = self.submit(job_name)
        try:
            job.wait()
        except (KeyboardInterrupt, SystemExit):  # the latter from a handler of a signal, such as SIGTERM
            with contextlib.suppress(AnabranchError, TimeoutError):  # that is what the caller has to hear of
                job.cancel()
            raise

    @contextlib.contextmanager
    def job(self, job_name: str) -> Iterator[StreamingContext]:
        """Describes a job in a block, and runs it to its end when the block ends.

        What was described outside of the block is not part of the job. If an exception leaves the block nothing is run,
        and nothing of it stays.

        Raises:
            JobGraphError: The job is not valid.
            JobFailedError: The job failed.
            JobCancelledError: The job was cancelled.
        """
        outer, self._description = self._description, Description()
        try:
            yield self
            self.execute(job_name)
        finally:
            if not self._description.is_empty:
                self.discard()
            self._description = outer

    def discard(self) -> StreamingContext:
        """Forgets what was described so far; options, jars and types stay."""
        self._begin_anew("what was discarded; describe it again")
        return self

    def _begin_anew(self, fate: str) -> None:
        self._description.end(fate)
        self._last_fate = fate
        self._description = Description()

    def _warn_of_weak_sources(self, job_name: str) -> None:
        for operator in self._description.sources_without_position:
            print(  # noqa: T201 - for whoever runs the script
                f"job {job_name}: source {operator.name} saves no position (save_checkpoint): if its worker fails "
                "it begins again, and records come more than once",
                file=sys.stderr,
            )

    def _warn_of_missing_uids(self, job_name: str) -> None:
        operators = self._description.stateful_without_uid()
        if operators:
            print(f"job {job_name}: {uids.warning(operators)}", file=sys.stderr)  # noqa: T201 - for whoever runs the script

    def _plan(self, job_name: str) -> tuple[pb.JobGraph, ExecutionPlan]:
        if self._description.is_empty and self._last_fate:
            raise JobGraphError(
                f"job {job_name!r} has no operators: what was described before belongs to {self._last_fate}"
            )
        self._description.check_views()
        graph = self._graph(job_name)
        return graph, plan_job(graph, self._options)

    def _graph(self, job_name: str) -> pb.JobGraph:
        graph = pb.JobGraph()
        graph.CopyFrom(self._description.builder.graph)
        graph.name = checked_name(job_name, "the name of a job")
        graph.config.update({name: str(value) for name, value in self._given.items()})
        graph.artifacts.extend(self._artifacts)
        graph.types.extend(self._types.bindings())
        graph.python_modules.extend(loaded_modules())
        return graph

    def _add_artifact(self, kind: pb.Artifact.Kind, path: str | Path, what: str) -> StreamingContext:
        absolute = Path(path).resolve()
        if not absolute.exists():
            raise JobGraphError(f"{what} {str(path)!r} does not exist (looked at {absolute})")
        self._artifacts.append(pb.Artifact(kind=kind, path=str(absolute)))
        return self

    # Called by streams, which are one unit with their context.

    def _java_function(self, kind: str, function: str | JavaFunction) -> pb.FunctionDescriptor:
        return self._java.function(kind, function, self._jars(), self._options)

    def _jars(self) -> list[str]:
        return [artifact.path for artifact in self._artifacts if artifact.kind == pb.Artifact.KIND_JAVA]


_said: set[str] = set()


def _say_once(notes: Iterable[str]) -> None:
    for note in notes:
        if note not in _said:
            _said.add(note)
            print(note, file=sys.stderr)  # noqa: T201 - for whoever runs the script
