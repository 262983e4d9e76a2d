"""What users are told of a job."""

from __future__ import annotations

from collections.abc import Callable

from anabranch.errors import AnabranchError, JobCancelledError, JobFailedError
from anabranch.v1.control_pb2 import TaskError


class JobLog:
    """Puts the name of the job before its warnings and errors, here and nowhere else: many jobs may share a console."""

    def __init__(self, job_name: str, write: Callable[[str], None]) -> None:
        """Begins a log.

        Args:
            job_name: As users know it.
            write: Takes the warnings.
        """
        self._job_name = job_name
        self._write = write

    def warn(self, what: str) -> None:
        """Says what the user should know while the job goes on."""
        self._write(self._named(what))

    def failure(self, what: str, error: TaskError | None = None) -> JobFailedError:
        """Returns the error that ends the job.

        Args:
            what: Why it fails.
            error: What a task has reported; None: no task did.
        """
        return JobFailedError(self._named(what), job_name=self._job_name, error=error)

    def failure_by(self, error: BaseException) -> JobFailedError:
        """Returns the error that ends the job where something else than a task has failed."""
        if isinstance(error, JobFailedError):
            return error
        failure = self.failure(str(error) if isinstance(error, AnabranchError) else f"{type(error).__name__}: {error}")
        failure.__cause__ = error
        return failure

    def cancelled(self) -> JobCancelledError:
        """Returns the error that a cancelled job ends with."""
        return JobCancelledError(f"job {self._job_name} was cancelled")

    def _named(self, what: str) -> str:
        return f"job {self._job_name}: {what}"
