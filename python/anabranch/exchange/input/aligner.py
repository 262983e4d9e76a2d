"""Alignment: a checkpoint is taken once its barrier has come on every channel."""

from __future__ import annotations

from collections.abc import Collection


class BarrierAligner:
    """Keeps which channels have met the barrier of the next checkpoint.

    A job master that fails leaves a checkpoint that some sources have taken and others have not; the next one is then
    the first whose barrier comes on all channels. So a later barrier takes the place of an earlier one.

    Attributes:
        epoch: The checkpoint that was taken last; barriers up to it are late.
        blocks: Whether a channel that has met the barrier waits for the others.
    """

    def __init__(self, epoch: int, *, blocks: bool) -> None:
        self.epoch = epoch
        self.blocks = blocks
        self._number = 0  # the checkpoint whose barrier has come on some channels; 0: none
        self._met: set[int] = set()  # these

    @property
    def aligning(self) -> int:
        """The checkpoint whose barrier has come on some channels and not on all; 0: none."""
        return self._number

    def supersedes(self, number: int) -> bool:
        """Returns whether the checkpoint takes the place of one whose barrier some channels have met."""
        return 0 < self._number < number

    def meet(self, number: int, channel: int) -> bool:
        """Takes note that a channel has met a barrier.

        Returns:
            False if the checkpoint was taken, or given up for a later one.
        """
        if number <= max(self.epoch, self._number - 1):
            return False
        if number != self._number:
            self._number = number
            self._met.clear()
        self._met.add(channel)
        return True

    def aligned(self, living: Collection[int]) -> int | None:
        """Returns the checkpoint whose barrier has come on all of these channels, which have not ended; None: none."""
        return self._number if self._number and self._met.issuperset(living) else None

    def enter_epoch(self, number: int) -> None:
        """The checkpoint was taken, with or without its barriers."""
        self.epoch = number
        self._number = 0
        self._met.clear()
