"""What was described of a job and not submitted yet."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from anabranch.api import never_run
from anabranch.api.collected import CollectedStream
from anabranch.errors import AnabranchError, JobGraphError
from anabranch.graph import GraphBuilder, builder
from anabranch.graph.origin import caller_origin
from anabranch.graph.uids import stateful_without_uid
from anabranch.graph.validation import where
from anabranch.v1 import graph_pb2 as pb


@dataclass(frozen=True)
class View:
    """A stream whose records are spread in another way. It has an effect only on operators that read it."""

    operator: pb.Operator
    verb: str
    origin: str
    partitioning: pb.Partitioning


@dataclass(frozen=True)
class Savepoint:
    """What a description was at one time: without arguments, empty."""

    graph: builder.Savepoint = field(default_factory=lambda: builder.Savepoint({}))
    unread: Mapping[int, View] = field(default_factory=dict)


@dataclass(frozen=True)
class _OfCell:
    """What a cell of a notebook has described: operators by their ids, and views, as a description has them."""

    operators: set[int]
    views: Mapping[int, View]


class Description:
    """A job that grows while streams are described, until it is submitted or discarded as a whole."""

    def __init__(self) -> None:
        self.builder = GraphBuilder()
        self.sources_without_position: list[pb.Operator] = []
        self._with_saving_functions: set[int] = set()  # ids of operators
        self.fate = ""  # what has become of it, for streams that are still held
        self._collected: list[tuple[pb.Operator, CollectedStream[Any]]] = []
        self._unread: dict[int, View] = {}  # the views that nothing has read, by the id of their partitioning
        self._cells: dict[str, _OfCell] = {}
        self._number = never_run.new_number()

    def add_operator(
        self,
        kind: pb.OperatorKind,
        language: pb.Language,
        parallelism: int,
        function: pb.FunctionDescriptor | None = None,
    ) -> pb.Operator:
        """Adds an operator; returns it, to be changed in place."""
        operator = self.builder.add_operator(kind, language, parallelism, function)
        never_run.note(self._number, operator.origin)
        return operator

    def note_saving_function(self, operator: pb.Operator) -> None:
        """Takes note that an operator's function saves something at a checkpoint."""
        self._with_saving_functions.add(operator.id)

    def stateful_without_uid(self) -> list[pb.Operator]:
        """Returns the operators whose state a changed job would not find."""
        return stateful_without_uid(self.builder.graph, self._with_saving_functions)

    def add_collected(self, operator: pb.Operator) -> CollectedStream[Any]:
        """Returns the handle of what a collect operator sends."""
        collected: CollectedStream[Any] = CollectedStream(operator.id)
        self._collected.append((operator, collected))
        return collected

    def add_view(self, operator: pb.Operator, verb: str, partitioning: pb.Partitioning) -> None:
        """Takes note that the caller's line spreads an operator's records in another way."""
        self._unread[id(partitioning)] = View(operator, verb, caller_origin(), partitioning)

    def use(self, partitioning: pb.Partitioning) -> None:
        """Takes note that the view with this very partitioning, if there is one, is not without effect."""
        self._unread.pop(id(partitioning), None)

    @property
    def is_empty(self) -> bool:
        """Whether it has no operators."""
        return not self.builder.graph.operators

    @property
    def collected(self) -> list[CollectedStream[Any]]:
        """The handles of all collect operators."""
        return [collected for _, collected in self._collected]

    def check_views(self) -> None:
        """Looks for views that nothing reads.

        Raises:
            JobGraphError: There is one.
        """
        for view in self._unread.values():
            at = f" at {view.origin}" if view.origin else ""
            raise JobGraphError(
                f"{view.verb}() of {where(view.operator)} has no effect{at}: it returns a view, and "
                f"nothing reads that; write stream = stream.{view.verb}(…), or leave it out"
            )

    # ------------------------------------------------------------------ taking back

    def savepoint(self) -> Savepoint:
        """Returns what `roll_back` needs to undo what comes from now on."""
        return Savepoint(self.builder.savepoint(), dict(self._unread))

    def roll_back(self, savepoint: Savepoint) -> None:
        """Undoes what was described since."""
        self.builder.roll_back(savepoint.graph)
        self._unread = dict(savepoint.unread)
        self._forget_removed()

    def note_cell(self, cell: str, before: Savepoint) -> None:
        """Takes note that all operators and views since a savepoint were described by one cell of a notebook."""
        self._cells[cell] = _OfCell(
            {each.id for each in self.builder.graph.operators if each.id not in before.graph.operators},
            {number: view for number, view in self._unread.items() if number not in before.unread},
        )

    def remove_cell(self, cell: str) -> None:
        """Takes away what a cell of a notebook has described, and all that lies downstream of it."""
        described = self._cells.pop(cell, None)
        if described is not None:
            self._unread = {number: view for number, view in self._unread.items() if number not in described.views}
            self.builder.remove(described.operators)
            self._forget_removed()

    def end(self, fate: str) -> None:
        """Ends the description, as its streams will say: it was submitted, for one."""
        self.fate = fate
        never_run.forget(self._number)

    def set_aside(self) -> None:
        """Takes note that it need not be run, unless more is described: somebody has looked at it."""
        never_run.forget(self._number)

    @contextlib.contextmanager
    def checking(self, partitioning: pb.Partitioning) -> Iterator[None]:
        """Sets the description aside if a transformation refuses its function; who catches it may leave it at that.

        Args:
            partitioning: That of the stream. A view was not without effect if only its reader was refused.
        """
        try:
            yield
        except AnabranchError:
            self.set_aside()
            self.use(partitioning)
            raise

    def _forget_removed(self) -> None:
        has = self.builder.has
        self.sources_without_position = [each for each in self.sources_without_position if has(each)]
        self._collected = [each for each in self._collected if has(each[0])]
        self._unread = {number: each for number, each in self._unread.items() if has(each.operator)}
        remaining = {each.id for each in self.builder.graph.operators}
        self._with_saving_functions &= remaining
        self._cells = {
            cell: _OfCell(described.operators & remaining, described.views) for cell, described in self._cells.items()
        }
        if self.is_empty:
            never_run.forget(self._number)
