"""Every error that Anabranch raises on purpose. All derive from `AnabranchError`.

Each kind has a code, which stays the same whatever becomes of messages and classes. `docs/errors.md` has a section for
each: what it means, what causes it, what helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anabranch.v1.control_pb2 import TaskError


class AnabranchError(Exception):
    """Base of all errors of this package.

    Attributes:
        code: Code of the kind of error, for searches; a traceback shows it after the message, from Python 3.11 on.
    """

    code: str = "AB100"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.__notes__ = [code_note(self.code)]


def code_note(code: str) -> str:
    """Returns the line that follows the message of an error."""
    return f"error code {code}: see docs/errors.md"


class ConfigError(AnabranchError, ValueError):
    """An option is unknown or its value does not fit."""

    code = "AB101"


class JobGraphError(AnabranchError, ValueError):
    """The job cannot be built as described: raised in the line that describes it, or at submit."""

    code = "AB102"


class JavaFunctionError(JobGraphError):
    """A Java class or method does not exist or is not a function of the kind that is needed."""

    code = "AB103"


class JavaNotFoundError(AnabranchError, RuntimeError):
    """The job has Java operators and no usable JVM was found."""

    code = "AB104"


class RecordError(AnabranchError, ValueError):
    """A value cannot be encoded, or bytes cannot be decoded.

    Attributes:
        index: Position of the record in its batch, or -1 where it is not known.
        path: Where inside the record, e.g. `[2].fields['x']`; empty for the record itself.
    """

    code = "AB201"

    def __init__(self, message: str, *, index: int = -1, path: str = "") -> None:
        super().__init__(message)
        self.index = index
        self.path = path


class ExchangeError(AnabranchError, RuntimeError):
    """A peer on the data plane broke the protocol."""

    code = "AB202"


class JobFailedError(AnabranchError, RuntimeError):
    """The job ended because of an error.

    The message begins with operator, subtask, language, record and the user's own trace.

    Attributes:
        job_name: Name of the job.
        error: What the failing task reported, or None if no task did.
    """

    def __init__(self, message: str, *, job_name: str = "", error: TaskError | None = None) -> None:
        self.code = _code_of(error)
        super().__init__(message)
        self.job_name = job_name
        self.error = error


class JobCancelledError(AnabranchError, RuntimeError):
    """The job was cancelled before it had finished."""

    code = "AB304"


def _code_of(error: TaskError | None) -> str:
    if error is None:
        return "AB303"
    return "AB302" if error.kind == error.KIND_NONDETERMINISM else "AB301"
