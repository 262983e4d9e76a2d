"""The error of checkpoints."""

from __future__ import annotations

from anabranch.errors import AnabranchError


class CheckpointError(AnabranchError, RuntimeError):
    """A checkpoint cannot be written or read. The message says what, where, and what to do about it."""

    code = "AB305"


class DamagedError(Exception):
    """A file of a checkpoint is not what was written: torn, changed or gone."""
