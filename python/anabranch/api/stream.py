"""What all streams have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from anabranch.api.captures import DriverOnly
from anabranch.config import not_text
from anabranch.errors import JobGraphError
from anabranch.graph.settings import (
    checked_name,
    checked_parallelism,
    checked_uid,
    why_not_a_resource,
    why_not_of_an_operator,
)
from anabranch.v1 import graph_pb2 as pb

if TYPE_CHECKING:
    from anabranch.api.context import StreamingContext

T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S", bound="Stream[Any]")
V = TypeVar("V", bound="Stream[Any]")

_KEYED_VERBS = ("reduce", "aggregate")


class _NotKeyedError(JobGraphError, AttributeError):
    """A stream without keys has no such transformation."""


class Stream(DriverOnly, Generic[T_co]):
    """The output of one operator, as the operators that follow will see it.

    A stream object is a *view*: language and partitioning belong to the view, so two branches of one operator may use
    different ones. Name, parallelism and configuration belong to the operator that emits it.

    The type parameter is that of the records, for type checkers alone. Those of Java operators are not known here: Any.
    """

    def __init__(
        self, context: StreamingContext, operator: pb.Operator, partitioning: pb.Partitioning | None = None
    ) -> None:
        """Made by the transformations, not by users."""
        self._context = context
        self._description = context._description
        self._operator = operator
        self._partitioning = partitioning or pb.Partitioning()
        self._input: Stream[Any] | None = None
        self._dead_letters = False  # the view is of those, not of what the operator emits

    if not TYPE_CHECKING:  # which would let any name pass

        def __getattr__(self, name: str) -> Any:
            if name in _KEYED_VERBS:
                raise _NotKeyedError(f"{name}() needs a keyed stream: put key_by() right in front of it")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def get_streaming_context(self) -> StreamingContext:
        """Returns the context that the stream belongs to."""
        return self._context

    def get_input_stream(self) -> Stream[Any] | None:
        """Returns the (first) stream that the operator reads, or None for a source."""
        return self._input

    def get_id(self) -> int:
        """Returns the operator's id, unique in the job."""
        return self._operator.id

    def get_name(self) -> str:
        """Returns the operator's name."""
        return self._operator.name

    def get_language(self) -> str:
        """Returns "python" or "java": the language that the operator that emits the stream runs in."""
        return "java" if self._operator.language == pb.LANGUAGE_JAVA else "python"

    def get_parallelism(self) -> int:
        """Returns the number of subtasks of the operator."""
        return self._operator.parallelism

    def set_parallelism(self: S, parallelism: int) -> S:
        """Sets the number of subtasks of the operator; operators added from now on inherit it.

        Raises:
            JobGraphError: It is not a whole number, or less than 1.
        """
        self._operator.parallelism = checked_parallelism(parallelism, f"{self.get_name()}: ")
        return self

    def with_name(self: S, name: str) -> S:
        """Names the operator: what errors, logs and metrics call it. Names are unique in a job.

        Raises:
            JobGraphError: It is not text.
        """
        self._operator.name = checked_name(name, f"{self.get_name()}: the name of an operator")
        return self

    def with_uid(self: S, uid: str) -> S:
        """Gives the operator an identity that outlives changes of the job: what snapshots call its state.

        Without one it is the operator's name. Uids are unique in a job, and none is the name of another operator that
        has no uid. Changing the name later does no harm then.

        Raises:
            JobGraphError: It is not text, or empty.
        """
        self._operator.uid = checked_uid(uid, f"{self.get_name()}: the uid of an operator")
        return self

    def with_config(self: S, key: str | None = None, value: Any = None, conf: dict[str, Any] | None = None) -> S:
        """Sets configuration of this operator alone: one key, or all of `conf`. The values are text, as in Java.

        Raises:
            JobGraphError: A value is not text, or the key is the name of an option of the whole job.
        """
        given = {**({} if key is None else {key: value}), **(conf or {})}
        for name, text in given.items():
            if not isinstance(text, str):
                raise JobGraphError(f"{self.get_name()}: with_config({name!r}): {not_text(text)}")
            problem = why_not_of_an_operator(name)
            if problem:
                raise JobGraphError(f"{self.get_name()}: {problem}")
        self._operator.config.update(given)
        return self

    def with_resource(
        self: S,
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        memory: float | None = None,
        **custom: float,
    ) -> S:
        """Says what each subtask of the operator needs of a Ray node; the local launcher takes no notice.

        What the operators of a worker need adds up. An operator that says nothing needs nothing.

        Args:
            num_cpus: Cores, also a part of one.
            num_gpus: GPUs, also a part of one.
            memory: Bytes.
            custom: Amounts of the cluster's own resources, by their names.

        Raises:
            JobGraphError: An amount is not a number, or negative, or a name is almost one of the first three.
        """
        named = {"num_cpus": num_cpus, "num_gpus": num_gpus, "memory": memory, **custom}
        given = {name: amount for name, amount in named.items() if amount is not None}
        for name, amount in given.items():
            problem = why_not_a_resource(name, amount)
            if problem:
                raise JobGraphError(f"{self.get_name()}: {problem}")
        self._operator.resources.update(given)
        return self

    def with_type(self: S, cls: type, name: str | None = None) -> S:
        """Says what class the records are of, so that they arrive as it on the other side of the language boundary.

        The same as `context.register_type(cls, name)`: the name is a property of the class, not of the stream.

        Raises:
            JobGraphError: The class is not a record type, or the name is taken by another.
        """
        self._context.register_type(cls, name)
        return self

    def get_config(self) -> dict[str, str]:
        """Returns the configuration of this operator."""
        return dict(self._operator.config)

    def with_on_error(self: S, action: Literal["fail", "skip"]) -> S:
        """Says what happens when the operator's function fails at a record.

        Args:
            action: `fail` ends the job, or restarts the task (option anabranch.restart.attempts); `skip` leaves the
                record out, warns, and continues. A skipping operator takes its records one by one, which costs time.

        Raises:
            JobGraphError: There is no such action, or the operator is a source, which has no record to skip.
        """
        if action not in ("fail", "skip"):
            raise JobGraphError(f"{self.get_name()}: an operator can `fail` or `skip`, not {action!r}")
        if action == "skip" and self._operator.kind == pb.OPERATOR_KIND_SOURCE:
            raise JobGraphError(
                f'{self.get_name()}: with_on_error("skip") is not supported on a source: its errors belong to no record'
            )
        self._operator.config["anabranch.on-error"] = action
        return self

    def disable_chain(self: S) -> S:
        """Keeps the operator in a task of its own."""
        self._operator.chainable = False
        return self

    def forward(self: S) -> S:
        """Returns a view whose records stay at their parallel index; needs equal parallelism on both sides."""
        return self._spread_by("forward", pb.Partitioning(kind=pb.Partitioning.KIND_FORWARD))

    def rebalance(self: S) -> S:
        """Returns a view whose records go round robin over all subtasks."""
        return self._spread_by("rebalance", pb.Partitioning(kind=pb.Partitioning.KIND_REBALANCE))

    def broadcast(self: S) -> S:
        """Returns a view whose records go to every subtask."""
        return self._spread_by("broadcast", pb.Partitioning(kind=pb.Partitioning.KIND_BROADCAST))

    def _spread_by(self: S, verb: str, partitioning: pb.Partitioning, kind: type[S] | None = None) -> S:
        self._description.use(self._partitioning)  # by a view that takes its place
        self._description.add_view(self._operator, verb, partitioning)
        return self._view(kind or type(self), partitioning)

    def _view(self, kind: type[V], partitioning: pb.Partitioning | None = None) -> V:
        """Returns the same operator's output seen in another way."""
        view = kind(self._context, self._operator, partitioning or self._partitioning)
        view._input = self._input
        view._dead_letters = self._dead_letters
        return view

    def _view_of_dead_letters(self, kind: type[V]) -> V:
        self.with_on_error("skip")
        view = self._view(kind, pb.Partitioning())
        view._dead_letters = True
        return view

    def _then(
        self,
        kind: pb.OperatorKind,
        language: pb.Language,
        result: type[V],
        function: pb.FunctionDescriptor | None = None,
        *others: Stream[Any],
    ) -> V:
        """Adds an operator that reads this stream (and the others)."""
        for stream in (self, *others):
            self._check_is_of_this_job(stream)
        operator = self._description.add_operator(kind, language, self._operator.parallelism, function)
        two_inputs = kind in (pb.OPERATOR_KIND_JOIN, pb.OPERATOR_KIND_CONNECT)
        for index, stream in enumerate((self, *others)):
            partitioning = stream._partitioning
            self._description.builder.add_edge(
                stream._operator.id,
                operator.id,
                partitioning,
                index if two_inputs else 0,
                dead_letters=stream._dead_letters,
            )
            self._description.use(partitioning)
        follows = pb.Partitioning.KIND_KEY if kind == pb.OPERATOR_KIND_KEY_BY else pb.Partitioning.KIND_AUTO
        stream = result(self._context, operator, pb.Partitioning(kind=follows))
        stream._input = self
        return stream

    def _check_is_of_this_job(self, stream: Any) -> None:
        if not isinstance(stream, Stream):
            raise JobGraphError(f"expected a stream, got a {type(stream).__name__}")
        whose = f"the stream of operator {stream.get_name()!r} belongs to "
        if stream._description is not self._context._description:
            raise JobGraphError(whose + (stream._description.fate or "another context, or another block of this one"))
        if not stream._description.builder.has(stream._operator):
            raise JobGraphError(f"{whose}a cell that has failed or was run again; run the cell that makes it first")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.get_name()}>"
