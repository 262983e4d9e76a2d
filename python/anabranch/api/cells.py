"""In a notebook, what a cell describes counts if the cell has run to its end, and only once.

A cell that fails leaves a context as it was before, so that the corrected cell, and all others, can be run. A cell that
is run again replaces what its last run has described, together with all that was built upon that.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any, Protocol

from anabranch.api.description import Description, Savepoint
from anabranch.api.interactive import last_error, running_shell


class Describing(Protocol):
    """What has a description; after a job was submitted, a new one."""

    _description: Description


@dataclass
class _Cell:
    """A cell that is being run.

    Attributes:
        name: What the cell is known by if it is run again; None if that would be another one.
        last_error: The last error that the shell has shown when the cell began. Some magics show one and continue.
        before: The contexts that there were, and what they had described.
    """

    name: str | None
    last_error: object
    before: dict[Describing, tuple[Description, Savepoint]] = field(default_factory=dict)


class Cells:
    """Follows the cells of an IPython shell."""

    def __init__(self) -> None:
        self._shell: Any = None
        self._contexts: weakref.WeakSet[Describing] = weakref.WeakSet()
        self._running: list[_Cell] = []  # one may run another

    def follow(self, context: Describing) -> None:
        """Has a new context hear of cells that fail, or are run again. Does nothing outside of IPython."""
        shell = running_shell()
        if shell is None:
            return
        if shell is not self._shell:
            self._shell = shell
            self._running = [_Cell(None, last_error())]  # the one that makes the context
            shell.events.register("pre_run_cell", self._begin)
            shell.events.register("post_run_cell", self._end)
        self._contexts.add(context)

    def _begin(self, info: Any) -> None:
        cell = _Cell(self._name_of(info), last_error())
        for context in list(self._contexts):
            if cell.name is not None:
                context._description.remove_cell(cell.name)
            cell.before[context] = (context._description, context._description.savepoint())
        self._running.append(cell)

    def _name_of(self, info: Any) -> str | None:
        """Returns the id that the front end has given the cell, else its text. At a terminal there are no cells."""
        if hasattr(self._shell, "prompt_for_code"):
            return None
        return getattr(info, "cell_id", None) or str(info.raw_cell)

    def _end(self, result: Any) -> None:
        if not self._running:
            return
        cell = self._running.pop()
        failed = not result.success or last_error() is not cell.last_error
        for context in list(self._contexts):
            description, savepoint = cell.before.get(context, (None, Savepoint()))
            if context._description is not description:  # a new context, or a job was submitted meanwhile
                savepoint = Savepoint()
            if failed:
                context._description.roll_back(savepoint)
            elif cell.name is not None:
                context._description.note_cell(cell.name, savepoint)


CELLS = Cells()
