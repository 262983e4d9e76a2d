"""What a job master leaves to the one that is started in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from anabranch.errors import AnabranchError
from anabranch.job import JobState
from anabranch.v1.master_pb2 import MasterState


class HighAvailability(Protocol):
    """What a job master that can be started again needs from whoever starts it."""

    @property
    def reconnect_timeout_ms(self) -> int:
        """How long the workers go on without a master."""

    @property
    def saved_state(self) -> bytes:
        """What `save` was given last, by a master before this one; empty if there was none."""

    async def save(self, state: bytes) -> None:
        """Remembers a serialized MasterState, before what it says is acted on."""

    async def ending(self, state: JobState, error: AnabranchError | None) -> None:
        """Remembers how the job has ended, before its workers are ended."""


class Remembering(Protocol):
    """A part of a master that knows something that the next master has to know."""

    def save_to(self, state: MasterState) -> None:
        """Notes what it knows."""


class Handover:
    """Has what the parts of a master know remembered as one message.

    Attributes:
        parts: Whose knowledge it is.
    """

    def __init__(self, store: HighAvailability | None) -> None:
        """Begins without parts.

        Args:
            store: Remembers it; None: nobody will take the place of this master.
        """
        self.parts: Sequence[Remembering] = ()
        self._store = store

    async def save(self) -> None:
        """Has remembered what the parts know now; returns once it is."""
        if self._store is not None:
            state = MasterState()
            for part in self.parts:
                part.save_to(state)
            await self._store.save(state.SerializeToString())

    def left(self) -> MasterState | None:
        """Returns what a master before this one has left, or None if there was none."""
        if self._store is None or not self._store.saved_state:
            return None
        return MasterState.FromString(self._store.saved_state)
