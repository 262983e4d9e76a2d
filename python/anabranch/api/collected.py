"""Records that come back to the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from anabranch.api.captures import DriverOnly
from anabranch.errors import JobGraphError

if TYPE_CHECKING:
    from anabranch.job import Job


T = TypeVar("T")


class CollectedStream(DriverOnly, Generic[T]):
    """Handle of a stream that is collected."""

    def __init__(self, operator_id: int) -> None:
        """Made by `DataStream.collect`."""
        self._operator_id = operator_id
        self._job: Job | None = None

    def get(self, timeout: float | None = None) -> list[T]:
        """Waits for the job to finish and returns all records; those of one subtask in their order.

        Args:
            timeout: Seconds to wait at most; None waits for as long as the job takes.

        Raises:
            JobGraphError: The job was not submitted yet.
            JobFailedError: The job failed.
            TimeoutError: The job has not finished in time.
        """
        if self._job is None:
            raise JobGraphError("nothing was collected yet: submit or execute the job first")
        self._job.wait(timeout)
        return self._job.collected(self._operator_id)

    def submitted(self, job: Job) -> None:
        """Called by the context when the job was submitted."""
        self._job = job
