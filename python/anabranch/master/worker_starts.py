"""When workers that are to replace others, or to stand by, may be started."""

from __future__ import annotations

from anabranch.master.backoff import Backoff

_LONGEST_DELAY = 60.0
_YOUNG = 10.0  # seconds; a standby that fails sooner was of no use


class WorkerStarts:
    """The delays of the workers of one language.

    Only a worker that never connected is a failed start: whatever keeps processes from starting may pass. One that
    connected and was killed, even before its tasks were live again, is a failure like any other. Were it to count, the
    delays would grow where failures are frequent, until no time is left in which the job gets on. The number of such
    recoveries has a limit of its own (`anabranch.recovery.attempts`).

    Standbys have no such limit, so those that fail soon after their start delay the next standby, but none that
    tasks wait for.
    """

    def __init__(self) -> None:
        self._processes = Backoff(_LONGEST_DELAY)
        self._standbys = Backoff(_LONGEST_DELAY)

    def delay(self, *, is_standby: bool) -> float:
        """Returns the seconds to wait before the next worker is started."""
        return max(self._processes.delay, self._standbys.delay) if is_standby else self._processes.delay

    def connected(self) -> None:
        """A worker has connected: processes can be started."""
        self._processes.succeeded()

    def standby_was_used(self) -> None:
        """A standby was given tasks."""
        self._standbys.succeeded()

    def failed(self, *, has_connected: bool, is_standby: bool, age: float) -> None:
        """A worker has failed, so many seconds after its start."""
        if not has_connected:
            self._processes.failed()
        if is_standby and age < _YOUNG:
            self._standbys.failed()
        elif is_standby:
            self._standbys.succeeded()
